"""Endless seeded training pairs: a scene with text, the same scene with other text and without any."""
