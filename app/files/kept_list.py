"""Keeps the list of files between starts: path, state, tags, events and model of each, in SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path

from core.errors import UserError
from core.program import data_folder

FILE_NAME = "files.sqlite"
_COLUMNS = ("path", "state", "duration_s", "tags", "note", "model", "size", "mtime_ns", "problem", "remedy", "events")
_TABLE = """
create table if not exists files (
    place integer primary key, path blob unique not null, state text not null, duration_s real not null,
    tags text not null, note text not null, model text not null, size integer not null, mtime_ns integer not null,
    problem text not null, remedy text not null, events text not null)
"""
_PUT = f"""
insert into files ({", ".join(_COLUMNS)}) values ({", ".join("?" * len(_COLUMNS))})
on conflict (path) do update set {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it is kept."""

    path: Path
    """Its place on the disk."""
    state: str
    """The value of its FileState."""
    duration_s: float = 0.0
    """Its length; 0 while unknown."""
    tags: str = ""
    """Its top tags, in words."""
    note: str = ""
    """A remark, such as which audio track was used."""
    model: str = ""
    """The model that tagged it."""
    size: int = 0
    """Its size when it was tagged, in bytes."""
    mtime_ns: int = 0
    """When it had last been changed when it was tagged."""
    problem: str = ""
    """Why it failed."""
    remedy: str = ""
    """How to fix that."""
    events: tuple[tuple[str, str, float, float, float], ...] = ()
    """Label id, name, onset and offset in seconds, and peak of each event."""


class KeptList:
    """The list on disk. For one thread at a time; every method raises UserError where the disk refuses."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or data_folder() / FILE_NAME

    def load(self) -> list[KeptFile]:
        """Every file, in the order in which they were added."""
        try:
            with closing(self._open()) as database:
                rows = database.execute(f"select {', '.join(_COLUMNS)} from files order by place").fetchall()
        except (OSError, sqlite3.Error) as error:
            raise self._refused(error) from error
        return [_file(row) for row in rows]

    def put(self, files: Iterable[KeptFile]) -> None:
        """Add files, or replace what is kept of them."""
        self._write(_PUT, [_row(file) for file in files])

    def remove(self, paths: Sequence[Path]) -> None:
        """Forget files."""
        self._write("delete from files where path = ?", [(os.fsencode(path),) for path in paths])

    def delete_all(self) -> None:
        """Forget every file, and overwrite what was kept of it."""
        self._write("delete from files where true or path = ?", [(b"",)])

    def _write(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        try:
            with closing(self._open()) as database, database:
                database.executemany(statement, rows)
        except (OSError, sqlite3.Error) as error:
            raise self._refused(error) from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=10.0)
        try:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            database.execute("pragma secure_delete = on")  # what is deleted is overwritten
            database.execute(_TABLE)
        except BaseException:
            database.close()
            raise
        return database

    def _refused(self, error: Exception) -> UserError:
        reason = (isinstance(error, OSError) and error.strerror) or error
        problem = f"The list of files cannot be kept in {self._path} ({reason})."
        return UserError(problem, "It lasts until Soundmark closes. Free some disk space, or make the file writable.")


def _row(file: KeptFile) -> tuple[object, ...]:
    _, *rest, events = astuple(file)
    return os.fsencode(file.path), *rest, json.dumps(events)


def _file(row: Sequence[object]) -> KeptFile:
    path, *rest, events = row
    assert isinstance(path, bytes)
    found = tuple(tuple(event) for event in json.loads(str(events)))
    return KeptFile(Path(os.fsdecode(path)), *rest, found)  # type: ignore[arg-type]
