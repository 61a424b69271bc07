"""Tests of the larger engines."""
