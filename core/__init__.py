"""Soundmark without a window: audio in, model, inference. Knows no Qt and nothing of app/ or training/."""
