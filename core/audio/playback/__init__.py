"""Playing sound through the speakers."""
