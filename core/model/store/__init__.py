"""The models that this machine keeps: downloaded, imported, found by name."""
