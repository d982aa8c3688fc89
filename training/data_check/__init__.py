"""Checks of a data set before anything is trained on it: what is wrong with clips, classes, duplicates and splits."""
