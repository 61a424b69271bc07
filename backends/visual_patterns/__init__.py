"""Watches visual patterns emerge in an image classifier, over its layers and over its training."""
