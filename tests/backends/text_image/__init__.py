"""Tests of the text-in-images backend."""
