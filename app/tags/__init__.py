"""The tags panel: a bar for each class, and pins."""
