"""The events of the file that is selected, as a list of their own."""
