"""How the window looks and formats text: theme, style sheet, formatting."""
