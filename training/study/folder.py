"""A study's folder: which data it is on, what identifies its clips, the lock that keeps two calls apart, and messages.

The lock is held as long as the process that took it, or a run that it started, is alive, so no two processes ever write
to one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from rich.table import Table

from core.atomic_write import atomic_write
from core.cli.terminal.console import PlainConsole
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.foreign_text import parse_json
from training.data.manifest import Manifest, read_manifest

try:
    import fcntl
except ImportError:  # Windows, where the user must not start a second call while the first one runs
    fcntl = None

LOCK_NAME, DATA_NAME = "study.lock", "study.json"
_LEAST_WIDTH = 120


def print_message(text: str) -> None:
    """Print for people, on standard error: standard output is for the table."""
    print_error(text)


def print_table(table: Table) -> None:
    """Print a table at a width that its figures need, even where the terminal is narrower."""
    console = PlainConsole()
    console.width = max(_LEAST_WIDTH, console.width)
    console.print(table)


def data_of(data: Path | None, out: Path, *, keep: bool = True) -> Path:
    """The data of the study in `out`, which must not change between calls. keep: record it. Raises UserError."""
    earlier = earlier_data(out)
    if data is None and earlier is None:
        raise UsageError("No training data is given.", "Give a folder or list of labelled clips with --data.")
    if data is not None and earlier is not None and data.absolute() != earlier:
        raise UserError(f"The study in {out} uses other data ({earlier}).", "Choose another --out.")
    chosen = (data or earlier or Path()).absolute()
    if earlier is None and keep:
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_json(out / DATA_NAME, {"data": str(chosen)})
        except OSError as error:
            raise UserError(f"{out} cannot be used ({error.strerror}).", "Choose another folder with --out.") from error
    return chosen


def earlier_data(out: Path) -> Path | None:
    """The data that an earlier call recorded in `out`; None without one. Raises UserError for a damaged record."""
    path = out / DATA_NAME
    if not path.is_file():
        return None
    try:
        return Path(parse_json(path.read_text(encoding="utf-8"))["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{path} is damaged: it should name the data of the study."
        raise UserError(problem, "Delete it, and give the same data again with --data.") from error


def identities(data: Path | None) -> Callable[[str], str]:
    """A cached function from a collection ("" for none) to the identity of its clips in `data`.

    The identity is "" without `data`, or where the clips cannot be read: a run on them reports that itself.
    """

    @cache
    def identity(collection: str) -> str:
        if data is None:
            return ""
        try:
            return identity_of(read_manifest(data, collection), data)
        except UserError:
            return ""

    return identity


def identity_of(manifest: Manifest, data: Path) -> str:
    """A hash of the labels in order and of each clip's name below `data`, its labels and its fold.

    It does not depend on where the folder is, nor on the audio in the files.
    """
    folder = data.parent if os.path.isfile(data) else data
    clips = sorted(
        [f"{_name(clip.path, folder)}{clip.part.describe()}", sorted(clip.labels), clip.fold] for clip in manifest.clips
    )
    described = json.dumps([[label.id for label in manifest.labels], clips])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


@contextmanager
def locked(out: Path) -> Iterator[IO[bytes]]:
    """Lock the folder for this process and the runs that it starts; waits for the runs of an earlier call."""
    with (out / LOCK_NAME).open("ab") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print_message(f"Another call's run is still active in {out}: waiting for it to end.")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def passed_on(lock: IO[bytes]) -> tuple[int, ...]:
    """The file descriptors that a run must inherit to hold the lock too."""
    return () if fcntl is None else (lock.fileno(),)


def write_json(path: Path, content: dict[str, object]) -> None:
    """Write a JSON file completely or not at all."""
    atomic_write(path, json.dumps(content, ensure_ascii=False).encode())
