"""Lends connections to the event store's file, each to one caller at a time, and explains what SQLite refuses.

Any thread may borrow one. A transaction is short, and waits for those of other windows for up to BUSY_S.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from core.errors import UserError
from core.heard import schema
from core.heard.damaged_file import is_damaged, set_aside
from core.heard.folding import has_text

BUSY_S = 10.0
"""Longer than deleting all of two million events takes."""
_SPACE = "Free some space on that disk. Sounds are heard as before, but the list of events misses them."
_MAY_WRITE = "Check that your account may write there. Sounds are heard as before, but the list of events misses them."
_DAMAGE = (
    "The list of events {path} is damaged.",
    "Close all windows of Soundmark and move the file elsewhere; a new list is begun.",
)
_REFUSALS = {
    sqlite3.SQLITE_FULL: ("The disk is full: the list of events {path} cannot grow.", _SPACE),
    sqlite3.SQLITE_READONLY: ("The list of events {path} cannot be written: it is read-only.", _MAY_WRITE),
    sqlite3.SQLITE_CANTOPEN: ("The list of events {path} cannot be opened.", _MAY_WRITE),
    sqlite3.SQLITE_PERM: ("The list of events {path} may not be opened.", _MAY_WRITE),
    sqlite3.SQLITE_IOERR: ("The list of events {path} cannot be read or written (disk error).", "Check the disk."),
    sqlite3.SQLITE_NOLFS: ("The list of events {path} is too large for this system.", "Delete some events."),
    sqlite3.SQLITE_BUSY: ("Another program holds the list of events {path}.", "Close it, then try again."),
    sqlite3.SQLITE_CORRUPT: _DAMAGE,
    sqlite3.SQLITE_NOTADB: _DAMAGE,
}
_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class Connections:
    """Connections to one file. Raises UserError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        """path: the file; it is made, with its folder, where it is missing. A damaged one is set aside first."""
        self._path = path
        self._free: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        self.set_aside: Path | None = None
        """Where a damaged file was moved to."""
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._free.append(self._open_or_set_aside())

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one state of the file until the block ends."""
        with self._transaction("BEGIN") as database:
            yield database

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection whose changes are stored when the block ends, all or none."""
        with self._transaction("BEGIN IMMEDIATE") as database:
            yield database

    @contextmanager
    def alone(self) -> Generator[sqlite3.Connection]:
        """A connection outside of any transaction."""
        with self._explained(), self._lent() as database:
            yield database

    def close(self) -> None:
        """Close the connections that are not lent, and the others when they come back."""
        self._is_closed = True
        while self._free:
            with suppress(sqlite3.Error):
                self._free.pop().close()

    @contextmanager
    def _transaction(self, begin: str) -> Generator[sqlite3.Connection]:
        with self._explained(), self._lent() as database:
            database.execute(begin)
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @contextmanager
    def _lent(self) -> Generator[sqlite3.Connection]:
        try:
            database = self._free.pop()
        except IndexError:
            database = _open(self._path)
        try:
            yield database
        finally:
            if self._is_closed:
                database.close()
            else:
                self._free.append(database)

    def _open_or_set_aside(self) -> sqlite3.Connection:
        try:
            return _open(self._path)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
        with FileLock(f"{self._path}.damaged.lock"):  # two windows at once must not set the new file aside too
            try:
                return _open(self._path)
            except sqlite3.DatabaseError as error:
                if not is_damaged(error):
                    raise
            self.set_aside = set_aside(self._path)
            return _open(self._path)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _code(error) not in _REFUSALS:
                raise
            problem, remedy = _REFUSALS[_code(error)]
            raise UserError(problem.format(path=self._path), remedy) from error
        except OSError as error:
            problem = f"The list of events {self._path} cannot be used ({error.strerror})."
            raise UserError(problem, _MAY_WRITE) from error


def _open(path: Path) -> sqlite3.Connection:
    """A new connection, to read only where the folder is read-only.

    SQLite does not wait for another process that is just making the file, so this does.
    """
    end = time.monotonic() + BUSY_S
    while True:
        try:
            return _open_once(path, str(path))
        except sqlite3.OperationalError as error:
            if _code(error) in _NOT_WRITABLE and _is_whole(path):
                return _open_once(path, f"{path.resolve().as_uri()}?immutable=1")
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.01)


def _is_whole(path: Path) -> bool:
    """Whether everything that was stored is in the file itself."""
    log = path.with_name(f"{path.name}-wal")
    return path.is_file() and not (log.exists() and log.stat().st_size)


def _open_once(path: Path, address: str) -> sqlite3.Connection:
    # A connection may be lent to any thread, to one at a time.
    is_uri = address != str(path)
    database = sqlite3.connect(address, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=is_uri)
    try:
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA cache_size = -16000")
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        database.execute("PRAGMA journal_size_limit = 16000000")
        database.create_function("has_text", 2, has_text, deterministic=True)
        schema.prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _code(error: sqlite3.Error) -> int:
    """The primary error code of SQLite; -1 for errors of Python's module."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF
