"""Remembers what clips hold: path and stamp to a key of the content, so that a start hashes only what is new.

A stamp changes whenever the file may hold something else (see `stamp_of`). One SQLite file, which keeps itself whole
when a process is killed and when several write. What it says is a shortcut: without it, or after it was damaged, every
clip is hashed again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_TABLE = "stamped_clips"
_COLUMNS = "path BLOB PRIMARY KEY, stamp TEXT, key TEXT"
_EARLIER_TABLE = "clips"
"""Knew files by size and time of modification alone, so that what it says cannot be trusted."""
_PATHS_A_QUERY = 500
_END_BYTES = 64 * 1024
"""Three quarters of a second of CD sound: clips often begin and end with silence, which is the same in all of them."""


@dataclass(frozen=True, slots=True)
class ContentKey:
    """key: hexadecimal, the same for the same bytes; valid while the file at `path` has the same stamp."""

    path: str
    stamp: str
    key: str

    def still_fits(self) -> bool:
        """Whether the file is the one that was hashed, as far as its stamp tells. Raises OSError."""
        return self.stamp == stamp_of(self.path)


def stamp_of(path: str) -> str:
    """Size, inode, times of modification and of change of a file; what its ends hold where these could stay the same.

    A program can set the time of modification, as archives and copies do, but not the time of change. Where there is
    none (on Windows st_ctime is the time of creation; on FAT drives it repeats the time of modification) the first and
    last 64 KiB are hashed too, which costs opening the file. Raises OSError.
    """
    stat = os.stat(path)
    if _has_change_time(stat):
        return _stamp(stat, "")
    with open(path, "rb") as file:
        return _stamp_of_open(file)


def content_key(path: str) -> ContentKey:
    """Hash the file (BLAKE2b, 128 bits). Raises OSError."""
    with open(path, "rb") as file:
        stamp = _stamp_of_open(file)
        file.seek(0)
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return ContentKey(path, stamp, digest.hexdigest())


def _stamp_of_open(file: BinaryIO) -> str:
    stat = os.fstat(file.fileno())
    return _stamp(stat, "" if _has_change_time(stat) else _ends_of(file, stat.st_size))


def _stamp(stat: os.stat_result, ends: str) -> str:
    return f"{stat.st_size} {stat.st_ino} {stat.st_mtime_ns} {stat.st_ctime_ns} {ends}"


def _has_change_time(stat: os.stat_result) -> bool:
    return os.name != "nt" and stat.st_ctime_ns != stat.st_mtime_ns


def _ends_of(file: BinaryIO, size: int) -> str:
    digest = hashlib.blake2b(file.read(_END_BYTES), digest_size=16)
    file.seek(max(0, size - _END_BYTES))
    digest.update(file.read(_END_BYTES))
    return digest.hexdigest()


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
                    some = paths[first : first + _PATHS_A_QUERY]
                    query = f"SELECT path, stamp, key FROM {_TABLE} WHERE path IN ({','.join('?' * len(some))})"
                    rows = database.execute(query, [os.fsencode(path) for path in some])
                    keys = (ContentKey(os.fsdecode(path), stamp, key) for path, stamp, key in rows)
                    found |= {one.path: one for one in keys}
        except (sqlite3.OperationalError, OSError):
            return found  # locked, or on a drive that cannot lock: hashing again costs time alone
        except sqlite3.DatabaseError:
            self._forget()
        return found

    def remember(self, keys: Iterable[ContentKey]) -> None:
        """Keep `keys`, each in place of an earlier one of its path."""
        rows = [(os.fsencode(one.path), one.stamp, one.key) for one in keys]
        if not rows:
            return
        try:
            with closing(self._open()) as database, database:
                database.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?)", rows)
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
            database.execute(f"DROP TABLE IF EXISTS {_EARLIER_TABLE}")
            database.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} ({_COLUMNS})")
        except sqlite3.Error:
            database.close()
            raise
        return database
