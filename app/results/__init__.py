"""The results window of an evaluation."""
