"""From frames to tags: tagger, listener, file tagging. Knows no Qt."""
