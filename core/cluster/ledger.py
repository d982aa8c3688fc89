"""Keeps account of an archive's files in lines of text: what became of each, and in which part its rows are.

A line is one commit: a part, and all files whose rows are in it. It is written after the part is on the disk, so a file
is done if, and only if, a whole line says so. The newest line about a file counts. Touches no disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from core.cluster.models import FileJob, FileResult
from core.errors import UserError
from core.file_names import json_text

_FORMAT = 1
Settings = dict[str, Any]
"""What the rows depend on: the model, how it is read, and what is written. Values of JSON."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that is done, and where its rows are. part: the name of a file; "" without rows."""

    result: FileResult
    part: str


class Ledger:
    """What is done. settings: of the run that began it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.n_parts = 0
        """Every part has a number up to this one."""
        self._placed: dict[str, Placed] = {}

    def commit(self, part: str, results: Iterable[FileResult]) -> None:
        """Count files as done. part: "" if none of them has rows."""
        for result in results:
            self._placed[result.path] = Placed(result, part if result.n_rows else "")
        if part:
            self.n_parts = max(self.n_parts, part_number(part))

    def of(self, job: FileJob) -> Placed | None:
        """What became of a file; None if it is not done, or has changed since."""
        placed = self._placed.get(job.path)
        if placed is None or (placed.result.size, placed.result.mtime_ns) != (job.size, job.mtime_ns):
            return None
        return placed

    def parts(self) -> set[str]:
        """The parts that hold rows which count."""
        return {placed.part for placed in self._placed.values() if placed.part}


def part_name(number: int) -> str:
    """The name of a part."""
    return f"part-{number:07}.parquet"


def part_number(name: str) -> int:
    """The number of a part. Raises ValueError for another name."""
    number = int(name.removeprefix("part-").removesuffix(".parquet"))
    if name != part_name(number):
        raise ValueError(f"{name} is the name of no part")
    return number


def first_line(settings: Settings) -> str:
    """How the text of a ledger begins."""
    return json_text({"ledger": _FORMAT, "settings": settings}) + "\n"


def commit_line(part: str, results: Iterable[FileResult]) -> str:
    """What is appended for a commit."""
    return json_text({"part": part, "files": [asdict(result) for result in results]}) + "\n"


def read_ledger(text: str, name: str) -> Ledger | None:
    """The ledger of whole lines; the last one may be cut off, and then counts for nothing. None if not even the first
    line is whole. Raises UserError naming the file for anything else that is no ledger."""
    lines = text.split("\n")[:-1]
    if not lines:
        return None
    try:
        first = json.loads(lines[0])
        if first["ledger"] != _FORMAT:
            raise UserError(f"{name} was written by another version of Soundmark.", "Tag with that version.")
        ledger = Ledger(dict(first["settings"]))
        for line in lines[1:]:
            commit = json.loads(line)
            ledger.commit(str(commit["part"]), [FileResult(**values) for values in commit["files"]])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{name} is damaged ({error}).", "Begin again with --overwrite.") from error
    return ledger


def differences(wanted: Settings, there: Settings) -> tuple[str, ...]:
    """The names of settings in which two differ, sorted."""
    return tuple(sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)))
