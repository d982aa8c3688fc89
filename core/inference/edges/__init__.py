"""The ways from rows of scores to where events begin and end in a file."""
