"""Remembers hashes of the contents of clips, so that a new run hashes only new and changed files.

A hash is valid as long as the file has the same stamp, which changes whenever its content may have changed (see
`stamp_of`). Hashes are kept in one SQLite file, which survives a killed process and concurrent writers. Without it, or
if it is damaged, every clip is hashed again.
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
"""It identified files by size and modification time alone, so its hashes cannot be trusted."""
_PATHS_PER_QUERY = 500
_END_BYTES = 64 * 1024
"""0.37 s of stereo CD sound: more than the silence that many clips begin and end with."""


@dataclass(frozen=True, slots=True)
class ContentKey:
    """The hash of a file's content."""

    path: str
    stamp: str
    """The file's stamp when it was hashed; the key is valid while the file has the same one."""
    key: str
    """Hexadecimal; equal for equal bytes."""

    def is_current(self) -> bool:
        """Whether the file still has the stamp that it had when it was hashed. Raises OSError."""
        return self.stamp == stamp_of(self.path)


def stamp_of(path: str) -> str:
    """A file's size, inode, modification time and change time, as text.

    Programs can set the modification time, as archives and copies do, but not the change time. Where there is no change
    time (on Windows st_ctime is the creation time; on FAT drives it repeats the modification time), a hash of the first
    and last 64 KiB is included, which requires opening the file. Raises OSError.
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
    """The remembered keys."""

    def __init__(self, file: Path) -> None:
        """file: the database; it is created with its folder where it is missing, and replaced where it is damaged."""
        self._file = file

    def known(self, paths: Sequence[str]) -> dict[str, ContentKey]:
        """The remembered keys of `paths` by path, whether they are current or not."""
        found = dict[str, ContentKey]()
        try:
            with closing(self._open()) as database:
                for first in range(0, len(paths), _PATHS_PER_QUERY):
                    some = paths[first : first + _PATHS_PER_QUERY]
                    query = f"SELECT path, stamp, key FROM {_TABLE} WHERE path IN ({','.join('?' * len(some))})"
                    rows = database.execute(query, [os.fsencode(path) for path in some])
                    keys = (ContentKey(os.fsdecode(path), stamp, key) for path, stamp, key in rows)
                    found |= {key.path: key for key in keys}
        except (sqlite3.OperationalError, OSError):
            return found  # locked, or on a drive that cannot lock: hashing again only costs time
        except sqlite3.DatabaseError:
            self._forget()
        return found

    def remember(self, keys: Iterable[ContentKey]) -> None:
        """Store `keys`; each replaces the earlier one of its path."""
        rows = [(os.fsencode(key.path), key.stamp, key.key) for key in keys]
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
