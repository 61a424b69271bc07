"""Text in images: rendering scenes, training, editing and reading them."""
