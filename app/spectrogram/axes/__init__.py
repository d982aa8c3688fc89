"""The axes of the picture: time and frequency."""
