"""Finds the files of a list that was written on another computer.

Paths differ between computers in the separator (`\\` on Windows) and in how accents in names are stored (decomposed,
NFD, on macOS; composed, NFC, elsewhere).
"""

from __future__ import annotations

import os
import unicodedata
from functools import cache
from pathlib import Path


class ListedFiles:
    """Finds files by their names in a list."""

    def __init__(self, folder: Path) -> None:
        """folder: what the names are relative to."""
        self._folder = folder
        self._entries = cache(_entries_by_form)
        self.n_backslashed = 0
        """How many were found only with backslashes read as separators."""

    def find(self, name: str) -> Path:
        """The path of the file, or where it should be."""
        plain = self._folder / name
        if os.path.exists(plain):
            return plain
        found = self._in_other_form(name)
        if found is None and os.sep == "/" and "\\" in name:
            slashed = name.replace("\\", "/")
            found = self._folder / slashed if os.path.exists(self._folder / slashed) else self._in_other_form(slashed)
            self.n_backslashed += found is not None
        return found or plain

    def _in_other_form(self, name: str) -> Path | None:
        """The file whose path differs only in how accents are stored; None without one."""
        if name.isascii():
            return None
        path = Path(self._folder.anchor) if os.path.isabs(name) else self._folder
        for part in Path(name).parts[1 if os.path.isabs(name) else 0 :]:
            here = path / part
            entry = part if os.path.exists(here) else self._entries(path).get(unicodedata.normalize("NFC", part))
            if entry is None:
                return None
            path /= entry
        return path


def _entries_by_form(folder: Path) -> dict[str, str]:
    """The names in a folder by their NFC form; empty where it cannot be read."""
    try:
        return {unicodedata.normalize("NFC", name): name for name in sorted(os.listdir(folder))}
    except (OSError, ValueError):
        return {}
