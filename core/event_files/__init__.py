"""Writes events to files of other programs, and reads such files as labels."""
