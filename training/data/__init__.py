"""Which clips: manifests, collections, decoded frames and their cache."""
