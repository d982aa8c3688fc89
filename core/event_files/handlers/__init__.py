"""One file format each: how its spans are written, and how they are read."""
