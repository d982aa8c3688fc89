"""The results window: an evaluation with its confusion matrix, tables and clips."""
