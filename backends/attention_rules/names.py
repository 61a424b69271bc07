"""The names of relations, where no torch is needed to read them."""

NEAR = 4
"""Distances up to this have a relation of their own."""

RELATIONS = (*(f"at {d}" for d in range(NEAR + 1)), "same", "after same", "before", "first")
"""The relations, by their code."""
