"""What the page must know of the backend where no torch is needed to read it."""

NEAR = 4
"""Distances up to this have a relation of their own."""

RELATIONS = (*(f"at {d}" for d in range(NEAR + 1)), "same", "after same", "before", "first")
"""The relations, by their code."""

KS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Numbers of rules at which a list of them is scored."""

MARGIN = 0.25
"""An effect must exceed its control by this much to count, and must be shown to stay below it to be refuted."""

LEAST = 5
"""Fewer cases than this decide nothing."""
