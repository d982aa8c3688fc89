"""What was heard: collected from the live sound, stored, listed, searched and exported."""
