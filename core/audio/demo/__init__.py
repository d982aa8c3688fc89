"""Synthesises the demo scene."""
