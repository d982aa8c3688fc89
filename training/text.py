"""Counts and lists as people read them in findings. Knows no data."""

from __future__ import annotations

from collections.abc import Sequence

from core.file_names import shown


def count(number: int, one: str, several: str) -> str:
    """`1 clip is`, `3 clips are`."""
    return f"{number} {one if number == 1 else several}"


def join_names(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(map(shown, names[:most])) + (f" and {more} more" if more > 0 else "")
