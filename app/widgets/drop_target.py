"""What a drag over the window would do, in words, and the paths in it. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from app.style import formatting

_LOOKED_AT = 200
"""Folders are told from files among so many paths only: a look at each may be slow on a network drive."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Paths that can be tagged, and how many addresses cannot because they are elsewhere."""

    paths: tuple[Path, ...]
    refused: int

    @property
    def words(self) -> str:
        """What letting go will do: `Tag 14 files`."""
        if not self.paths:
            return "Only files on this computer can be tagged"
        looked_at = self.paths[:_LOOKED_AT]
        folders = sum(path.is_dir() for path in looked_at)
        files = len(self.paths) - folders
        parts = [formatting.count(files, "file")] * bool(files) + [formatting.count(folders, "folder")] * bool(folders)
        return f"Tag {' and '.join(parts)}"


def read_drop(mime: QMimeData) -> Drop | None:
    """What a drag carries; None when it has nothing to do with files."""
    if not mime.hasUrls():
        return None
    urls = mime.urls()
    local = tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile() and url.toLocalFile())
    return Drop(local, len(urls) - len(local))
