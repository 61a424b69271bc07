"""Tests of the concepts explorer."""
