"""The picture: spectrogram, axes, lanes, and time."""
