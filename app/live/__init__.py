"""The live session: input, clock, level."""
