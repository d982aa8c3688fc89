"""What every verb needs of its terminal: output streams, plain text, a log, an orderly exit."""
