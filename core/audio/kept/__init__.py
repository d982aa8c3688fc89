"""The sound that is kept on disk: the ring of the newest sound, and recordings."""
