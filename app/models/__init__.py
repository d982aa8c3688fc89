"""Choosing, downloading and importing models, and merging tokens."""
