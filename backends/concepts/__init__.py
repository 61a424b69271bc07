"""Concept-based models with a sidechannel, and whether they listen to their concepts."""
