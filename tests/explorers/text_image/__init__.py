"""Tests of the explorer of text in images."""
