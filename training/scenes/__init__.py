"""Training scenes: sounds mixed as waveforms at random levels and places, with the targets that the mixing knows."""
