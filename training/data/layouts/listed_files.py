"""Where the files of a list lie, though it was written on another computer. Reads folders, opens no file.

Three things differ between computers: what stands between a folder and a file (`\\` on Windows), how an accent is
stored in a name (apart on macOS, NFD; together elsewhere, NFC), and both at once.
"""

from __future__ import annotations

import os
import unicodedata
from functools import cache
from pathlib import Path


class ListedFiles:
    """Files by their names in a list. folder: what the names are relative to. n_backslashed: how many were found only
    with their backslashes read as separators."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = cache(_entries_by_form)
        self.n_backslashed = 0

    def find(self, name: str) -> Path:
        """The file, or where it should be."""
        plain = self._folder / name
        if os.path.exists(plain):
            return plain
        found = self._in_other_form(name)
        if found is None and os.sep == "/" and "\\" in name:
            apart = name.replace("\\", "/")
            found = self._folder / apart if os.path.exists(self._folder / apart) else self._in_other_form(apart)
            self.n_backslashed += found is not None
        return found or plain

    def _in_other_form(self, name: str) -> Path | None:
        """The file whose name, folder by folder, is the same but for how its accents are stored."""
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
    """The names in a folder by their NFC form; none where it cannot be read."""
    try:
        return {unicodedata.normalize("NFC", name): name for name in sorted(os.listdir(folder))}
    except (OSError, ValueError):
        return {}
