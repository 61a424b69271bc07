"""Larger engines: diffusers models that an operator adds, steered by the same options as the embedded pipeline."""
