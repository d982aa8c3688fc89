"""The training verbs of main.py, one file each."""
