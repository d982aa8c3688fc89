"""What was heard, as it is drawn: columns of the picture, scores of each model, events, and clock times."""
