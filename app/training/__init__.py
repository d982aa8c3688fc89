"""Training from the window: the dialog, the run in its own process, the panel with its curves."""
