"""Tags one file after the other, so that an error in one does not end the others, and finds the places of results."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from core.cli.terminal.streams import OutputError, ResultStream
from core.errors import UsageError, UserError
from core.unforeseen import unforeseen


class FileWriter(Protocol):
    """Tags files and writes the results as they come; `tag` raises UserError."""

    def tag(self, path: Path) -> None: ...
    def error(self, source: str, error: UserError) -> None: ...
    def note(self, source: str, text: str) -> None: ...


def tag_one(path: Path, writer: FileWriter) -> bool:
    """Tag a file; whether that succeeded. Any error is written, but one of the output is raised."""
    from core.audio.decoding.decode import track_note

    try:
        if note := track_note(path):
            writer.note(str(path), note)
        writer.tag(path)
    except (OutputError, BrokenPipeError):
        raise  # not the file's fault
    except UserError as error:
        writer.error(str(path), error)
    except Exception as error:  # an unforeseen error in one file must not end the others
        writer.error(str(path), unforeseen(path, "tagged", error))
    else:
        return True
    return False


def places_beside(named: Sequence[Path], files: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Where the results of each file go: below `folder`, as the file lies below the folder that was named.

    A result has its file's name with another suffix; the whole name and that suffix, where files differ in their own
    suffix alone. Raises UsageError where two files would still have one place.
    """
    places = {path: folder / _below(named, path).with_suffix(suffix) for path in files}
    n_alike = Counter(str(place).casefold() for place in places.values())
    for path, place in places.items():
        if n_alike[str(place).casefold()] > 1:
            places[path] = place.with_name(path.name + suffix)
    alike = Counter(str(place).casefold() for place in places.values()).most_common(1)
    if alike and alike[0][1] > 1:
        remedy = "Name the folder that holds them all, or tag them one after the other."
        raise UsageError(f"The results of several files would be {alike[0][0]}.", remedy)
    return places


def _below(named: Sequence[Path], path: Path) -> Path:
    """The path from the named folder that holds it, or its name."""
    folder = next((one for one in named if os.path.isdir(one) and path.is_relative_to(one)), path.parent)
    return path.relative_to(folder)


def check_writable(output: Path) -> None:
    """Raise UsageError for a file that cannot be written."""
    folder = output.resolve().parent
    if output.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{output} cannot be written.", "Choose another --output, in a folder that exists.")


def check_places(places: dict[Path, Path], folder: Path, may_overwrite: bool) -> None:
    """Make the folders of the places. Raises UsageError where that fails, and for files that are there already, unless
    these may be overwritten."""
    there = [place for place in places.values() if os.path.lexists(place)]
    if there and not may_overwrite:
        more = f" and {len(there) - 1} others" if len(there) > 1 else ""
        remedy = "Choose another --output-dir, or replace them with --overwrite."
        raise UsageError(f"{there[0]}{more} would be overwritten.", remedy)
    try:
        for parent in {folder, *(place.parent for place in places.values())}:
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{error.filename or folder} cannot be made ({error.strerror})."
        raise UsageError(problem, "Choose another --output-dir.") from error


@contextmanager
def open_output(output: Path | None) -> Generator[IO[str]]:
    """Standard output, or a file that keeps what was tagged so far when the user stops."""
    if output is None:
        yield sys.stdout
        return
    try:
        file = ResultStream(output, newline="")
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror}).", "Choose another --output.") from error
    with file:
        yield file
