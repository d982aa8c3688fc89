"""The training loop, from a recipe to its end."""
