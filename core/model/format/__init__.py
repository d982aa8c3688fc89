"""The checkpoint format as far as it needs no torch: settings, what a file is, the bytes of its weights."""
