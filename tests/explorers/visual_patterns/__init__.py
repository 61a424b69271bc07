"""Tests of the explorer of visual patterns."""
