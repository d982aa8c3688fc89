"""The window of Soundmark: everything that knows Qt. Knows no training."""
