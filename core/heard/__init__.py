"""Keeps what was heard."""
