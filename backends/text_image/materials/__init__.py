"""Fonts, photographs and words: what the renderer of scene text draws with, and the fonts that ship."""
