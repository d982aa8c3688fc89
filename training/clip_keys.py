"""Remembers what clips hold: path, size and time to a key of the content, so that a start hashes only what is new.

One SQLite file, which keeps itself whole when a process is killed and when several write. What it says is a shortcut:
without it, or after it was damaged, every clip is hashed again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from core.file_names import is_unicode

_COLUMNS = "path TEXT PRIMARY KEY, size INTEGER, time_ns INTEGER, key TEXT"
_PATHS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class ContentKey:
    """key: hexadecimal, the same for the same bytes; valid while the file keeps its size and time."""

    path: str
    size: int
    time_ns: int
    key: str

    def still_fits(self, stat: os.stat_result) -> bool:
        """Whether the file is the one that was hashed, as far as its size and time tell."""
        return (self.size, self.time_ns) == (stat.st_size, stat.st_mtime_ns)


def content_key(path: str) -> ContentKey:
    """Hash the file (BLAKE2b, 128 bits). Raises OSError."""
    with open(path, "rb") as file:
        stat = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return ContentKey(path, stat.st_size, stat.st_mtime_ns, digest.hexdigest())


def _stored(path: str) -> str | bytes:
    """A path as SQLite takes it: its bytes where they are not UTF-8."""
    return path if is_unicode(path) else os.fsencode(path)


class ClipKeys:
    """The remembered keys. file: made with its folder where it is not there, made anew where it is damaged."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self, paths: Sequence[str]) -> dict[str, ContentKey]:
        """What is remembered of `paths`, whether it still fits or not."""
        found = dict[str, ContentKey]()
        try:
            with closing(self._open()) as database:
                for first in range(0, len(paths), _PATHS_A_QUERY):
                    some = [_stored(path) for path in paths[first : first + _PATHS_A_QUERY]]
                    marks = ",".join("?" * len(some))
                    rows = database.execute(f"SELECT path, size, time_ns, key FROM clips WHERE path IN ({marks})", some)
                    found |= {one.path: one for one in (ContentKey(os.fsdecode(row[0]), *row[1:]) for row in rows)}
        except (sqlite3.OperationalError, OSError):
            return found  # locked, or on a drive that cannot lock: hashing again costs time alone
        except sqlite3.DatabaseError:
            self._forget()
        return found

    def remember(self, keys: Iterable[ContentKey]) -> None:
        """Keep `keys`, each in place of an earlier one of its path."""
        rows = [(_stored(one.path), one.size, one.time_ns, one.key) for one in keys]
        if not rows:
            return
        try:
            with closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?)", rows)
        except (sqlite3.OperationalError, OSError):
            return
        except sqlite3.DatabaseError:
            self._forget()

    def _forget(self) -> None:
        with suppress(OSError):
            self._file.unlink()

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._file, timeout=30)
        try:
            database.execute(f"CREATE TABLE IF NOT EXISTS clips ({_COLUMNS})")
        except sqlite3.Error:
            database.close()
            raise
        return database
