"""The events of a timeline as boxes on its picture."""
