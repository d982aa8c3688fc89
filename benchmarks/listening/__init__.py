"""Scenes with sounds at known times in a room's noise, and how well a tagger hears them."""
