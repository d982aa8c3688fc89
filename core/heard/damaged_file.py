"""Sets a damaged SQLite file aside, so that a new one can be begun and nothing of the old one is lost."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is damaged, or no SQLite file."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF in _DAMAGED


def set_aside(path: Path) -> Path:
    """Rename a damaged file, with what belongs to it; its new place. Two processes must not do it at once: hold a lock.
    Raises OSError."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    path.replace(aside)
    for ending in ("-wal", "-shm"):  # what belongs to the damaged file must not be applied to the new one
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    return aside
