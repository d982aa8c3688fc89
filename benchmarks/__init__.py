"""Programs that measure Soundmark; none of them is installed with it."""
