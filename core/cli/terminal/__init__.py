"""What every verb needs of its terminal: streams, plain text, a log, an orderly end."""
