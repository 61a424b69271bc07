"""Tests of the explorer of attention rules."""
