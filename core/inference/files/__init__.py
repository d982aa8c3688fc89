"""Files on their way through a model: read ahead by other threads, windows of several files together."""
