"""A recipe: its settings, how they are read, and what contradicts what."""
