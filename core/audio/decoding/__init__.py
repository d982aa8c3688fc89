"""Decodes the sound of any audio or video file."""
