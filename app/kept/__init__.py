"""Kept sound in the window: selected stretches, recording, settings and deletion."""
