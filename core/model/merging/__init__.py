"""Token merging: how much, and which tokens."""
