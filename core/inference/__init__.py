"""From log-mel frames to tags: tagger, live listener, file tagging."""
