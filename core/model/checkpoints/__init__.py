"""Checkpoints on a disk: our own format and everyone else's."""
