"""Keeps the results of an archive on the disk: a ledger, a folder of Parquet parts, and the table they become.

A part is whole or not there, and its line in the ledger follows it. After a kill the folder can be read as it is, and
the same command resumes there: a part without a line is removed, and its files are tagged again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from core.atomic_write import atomic_file
from core.cluster.ledger import Ledger, Settings, commit_line, differences, first_line, part_name, read_ledger
from core.cluster.models import FileResult
from core.errors import UsageError, UserError

LEDGER = "_ledger.jsonl"
"""Readers of folders of Parquet files pass over names that begin with an underscore."""
_LOCK = "_lock"
_PARTS = ("part-*.parquet", ".part-*.new")
"""Parts, and what a kill has left half-written."""


class Archive:
    """Parts and ledger of one table, open for one process. `commit` raises UserError if the disk refuses."""

    def __init__(self, folder: Path, ledger: Ledger, file: IO[bytes]) -> None:
        self.folder, self.ledger, self._file = folder, ledger, file

    def commit(self, part: bytes, results: Iterable[FileResult]) -> None:
        """Keep the rows of these files, and that they are done."""
        results = tuple(results)
        name = part_name(self.ledger.n_parts + 1) if part else ""
        try:
            if part:
                with atomic_file(self.folder / name) as file:
                    file.write(part)
            self._file.write(commit_line(name, results).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            problem = f"The results cannot be written to {self.folder} ({error.strerror or error})."
            raise UserError(problem, "Make room there; then the same command goes on from here.") from error
        self.ledger.commit(name, results)


def parts_folder(table: Path) -> Path:
    """Where the parts of a table are kept: beside it."""
    return table.with_name(table.name + ".parts")


@contextmanager
def open_archive(table: Path, settings: Settings, *, begin_again: bool = False) -> Generator[Archive]:
    """Parts and ledger of a table, as they were left or new ones.

    begin_again: remove what is there. Raises UsageError where another process has it open, or other settings began it,
    and for a table whose parts are gone; UserError for a damaged ledger and where nothing can be written.
    """
    folder = parts_folder(table)
    if table.exists() and not (folder / LEDGER).exists() and not begin_again:
        raise UsageError(f"{table} is there already.", "Choose another --output, or replace it with --overwrite.")
    with _making(folder):
        folder.mkdir(exist_ok=True)
    with _locked(folder):
        with _making(folder):
            if begin_again:
                _remove_files(folder, (LEDGER, *_PARTS))
            ledger, file = _open_ledger(folder / LEDGER, settings)
        with file:
            _check_settings(settings, ledger, folder)
            _remove_files(folder, _PARTS, but=ledger.parts())
            yield Archive(folder, ledger, file)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    lock = FileLock(folder / _LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"Another process writes to {folder}.", "Wait for it, or choose another --output.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _making(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{error.filename or folder} cannot be written ({error.strerror or error})."
        raise UserError(problem, "Choose another --output.") from error


def _open_ledger(path: Path, settings: Settings) -> tuple[Ledger, IO[bytes]]:
    content = path.read_bytes() if path.exists() else b""
    content = content[: content.rfind(b"\n") + 1]
    ledger = read_ledger(content.decode("utf-8", "replace"), str(path))
    file = path.open("r+b" if path.exists() else "wb")
    file.truncate(len(content))  # a line that a kill has cut off
    file.seek(len(content))
    if ledger is None:
        file.write(first_line(settings).encode())
        file.flush()
    return ledger or Ledger(settings), file


def _check_settings(settings: Settings, ledger: Ledger, folder: Path) -> None:
    if differing := differences(settings, ledger.settings):
        problem = f"{folder} was begun with other settings: {', '.join(differing)}."
        raise UsageError(problem, "Use the same ones, choose another --output, or begin again with --overwrite.")


def _remove_files(folder: Path, patterns: Iterable[str], but: Collection[str] = ()) -> None:
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        if path.name not in but:
            path.unlink(missing_ok=True)
