"""Models: architectures, networks, token merging, checkpoints and where they are stored."""
