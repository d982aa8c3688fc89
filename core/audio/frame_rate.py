"""How many log-mel frames a second has. Imports no torch, so that what counts in frames starts at once."""

FRAMES_PER_SECOND = 100
