"""The synthesised demo scene."""
