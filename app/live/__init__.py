"""The live input: session, devices, level."""
