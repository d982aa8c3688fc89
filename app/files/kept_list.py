"""Keeps the list of files between starts: path, state, tags, events, model and scores of each, in SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from filelock import FileLock

from core.errors import UserError
from core.heard.damaged_file import is_damaged, set_aside
from core.program import data_folder

FILE_NAME = "files.sqlite"
_COLUMNS = ("path", "state", "duration_s", "tags", "note", "model", "size", "mtime_ns", "problem", "remedy", "events")
_TABLE = """
create table if not exists files (
    place integer primary key, path blob unique not null, state text not null, duration_s real not null,
    tags text not null, note text not null, model text not null, size integer not null, mtime_ns integer not null,
    problem text not null, remedy text not null, events text not null)
"""
_SCORES = """
create table if not exists scores (
    number integer primary key, path blob unique not null, n_bytes integer not null, content blob not null)
"""
MOST_SCORE_BYTES = 512 << 20
"""Of all scores together: those that were kept first make room. Of 130 classes that is some 800 hours of sound."""
_PUT = f"""
insert into files ({", ".join(_COLUMNS)}) values ({", ".join("?" * len(_COLUMNS))})
on conflict (path) do update set {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""


KeptEvent = tuple[str, str, float, float, float, bool]
"""Label id, name, onset and offset in seconds, peak, and whether more specific events cover it."""


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
    events: tuple[KeptEvent, ...] = ()
    """The events that were found in it."""


class _DamagedError(Exception):
    """The file is damaged."""


class KeptList:
    """The list on disk. For one thread at a time; every method raises UserError where the disk refuses."""

    def __init__(self, path: Path | None = None, most_score_bytes: int = MOST_SCORE_BYTES) -> None:
        self._path = path or data_folder() / FILE_NAME
        self._most_score_bytes = most_score_bytes
        self.set_aside: Path | None = None
        """Where `load` has put a damaged list; None where it was whole."""

    def load(self) -> list[KeptFile]:
        """Every file, in the order in which they were added. A damaged list is set aside, and a new one begun."""
        try:
            return self._load()
        except (OSError, sqlite3.Error) as error:
            raise self._refused(error) from error

    def _load(self) -> list[KeptFile]:
        with suppress(_DamagedError):
            return self._rows()
        with FileLock(f"{self._path}.damaged.lock"):  # two windows at once must not set the new file aside too
            with suppress(_DamagedError):
                return self._rows()
            self.set_aside = set_aside(self._path)
            return self._rows()

    def _rows(self) -> list[KeptFile]:
        """Raises _DamagedError, and what SQLite and the disk raise otherwise."""
        try:
            with closing(self._open()) as database:
                rows = database.execute(f"select {', '.join(_COLUMNS)} from files order by place").fetchall()
        except sqlite3.DatabaseError as error:
            if is_damaged(error):
                raise _DamagedError from error
            raise
        return [_file(row) for row in rows]

    def put(self, files: Iterable[KeptFile]) -> None:
        """Add files, or replace what is kept of them."""
        rows = [_row(file) for file in files]
        with self._writing() as database:
            database.executemany(_PUT, rows)

    def put_scores(self, path: Path, content: bytes) -> None:
        """Keep the scores of a file, instead of those that are kept of it."""
        with self._writing() as database:
            database.execute("delete from scores where path = ?", (os.fsencode(path),))
            row = (os.fsencode(path), len(content), content)
            database.execute("insert into scores (path, n_bytes, content) values (?, ?, ?)", row)
            self._make_room(database)

    def scores(self, path: Path) -> bytes | None:
        """The scores of a file; None where none are kept."""
        with self._writing() as database:
            found = database.execute("select content from scores where path = ?", (os.fsencode(path),)).fetchone()
        return None if found is None else bytes(found[0])

    def remove(self, paths: Sequence[Path]) -> None:
        """Forget files."""
        rows = [(os.fsencode(path),) for path in paths]
        with self._writing() as database:
            for table in ("files", "scores"):
                database.executemany(f"delete from {table} where path = ?", rows)

    def delete_all(self) -> None:
        """Forget every file, and overwrite what was kept of it."""
        with self._writing() as database:
            for table in ("files", "scores"):
                database.execute(f"delete from {table}")

    def _make_room(self, database: sqlite3.Connection) -> None:
        """Delete the scores that were kept first, until the rest is within the limit."""
        (n_bytes,) = database.execute("select coalesce(sum(n_bytes), 0) from scores").fetchone()
        while n_bytes > self._most_score_bytes:
            number, first = database.execute("select number, n_bytes from scores order by number limit 1").fetchone()
            database.execute("delete from scores where number = ?", (number,))
            n_bytes -= first

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """A connection whose changes are stored when the block ends, all or none. Raises UserError."""
        try:
            with closing(self._open()) as database, database:
                yield database
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
            database.execute(_SCORES)
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
