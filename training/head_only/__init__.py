"""A few clips: a new last layer alone."""
