"""How the window looks and words things: theme, style sheet, formatting."""
