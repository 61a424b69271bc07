"""Tests of the attention-rules backend."""
