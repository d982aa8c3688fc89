"""The terminal's verbs, one file each: numbers as the window shows them. Knows no Qt and no training."""
