"""Transformer, token merging, checkpoints. Knows log-mel frames as arrays; no audio device, no Qt."""
