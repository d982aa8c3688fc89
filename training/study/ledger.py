"""Reads and writes the ledger of a study: one JSON line per cell that ended, on disk before the next cell starts.

A ledger is in the study's folder, and a second one may be shared between computers. A line that a crash truncated is
ignored.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from core.errors import UserError
from core.foreign_text import parse_json

LEDGER_NAME = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """How a cell ended."""

    cell: str
    digest: str
    """Of everything that determined its result at that time."""
    state: Literal["finished", "failed"]
    seconds: float
    """Of work; where the run was resumed, the sum of its parts."""
    commit: str = ""
    """Of the code that ran it."""
    metrics: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    """Why it failed; "" where it finished."""
    data: str = ""
    """The identity of its clips (`folder.identity_of`). "" where it is unknown, as in older ledgers, or where `digest`
    covers the clips too."""
    start: str = ""
    """The content of its initial weights (`Initialisation.content`); "" where it is unknown, as in older ledgers."""

    def is_on(self, data: str) -> bool:
        """Whether it may have used these clips."""
        return may_be_same(self.data, data)


def may_be_same(content: str, other: str) -> bool:
    """Whether two identities, of clips or of weights, may be the same; an unknown one may be any."""
    return not content or not other or content == other


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries, oldest first."""

    entries: tuple[LedgerEntry, ...] = ()

    def of(self, cell: str, digest: str, data: str = "") -> LedgerEntry | None:
        """The newest entry of a cell with this digest and data; a finished one is preferred to failed ones."""
        found = [entry for entry in self.entries if (entry.cell, entry.digest) == (cell, digest) and entry.is_on(data)]
        return max(reversed(found), key=lambda entry: entry.state == "finished", default=None)

    def finished(self, cell: str, digest: str, data: str = "") -> LedgerEntry | None:
        """The newest finished entry of a cell with this digest and data."""
        entry = self.of(cell, digest, data)
        return entry if entry is not None and entry.state == "finished" else None

    def newest(self, cell: str) -> LedgerEntry | None:
        """The newest entry of a cell, with any settings."""
        return next((entry for entry in reversed(self.entries) if entry.cell == cell), None)


@dataclass(frozen=True, slots=True)
class Ledgers:
    """A study's own ledger, and the one given with --ledger, which may come from another computer."""

    own_path: Path
    given_path: Path | None = None

    @property
    def own(self) -> Ledger:
        """The cells that ended in the study's folder."""
        return read_ledger(self.own_path)

    @property
    def both(self) -> Ledger:
        """The cells that ended anywhere. Raises UserError for a given file that is not a ledger."""
        return Ledger((*self._given.entries, *self.own.entries))

    @property
    def _given(self) -> Ledger:
        if self.given_path is None:
            return Ledger()
        ledger = read_ledger(self.given_path)
        if not ledger.entries and self.given_path.is_file() and self.given_path.stat().st_size:
            problem = f"{self.given_path} is not the ledger of a study."
            raise UserError(problem, "Give a .jsonl file that a study wrote, or a new one.")
        return ledger

    def check(self) -> None:
        """Raises UserError, before hours of work, for a given file that is not a ledger or cannot be written."""
        if self._given.entries or self.given_path is None:
            return
        try:
            self.given_path.parent.mkdir(parents=True, exist_ok=True)
            self.given_path.open("ab").close()
        except OSError as error:
            problem = f"{self.given_path} cannot be written ({error.strerror})."
            raise UserError(problem, "Choose another file with --ledger.") from error

    def add(self, entry: LedgerEntry) -> None:
        """Append an entry; a finished one to the given ledger too, unless it is there already. Raises UserError."""
        append_entry(self.own_path, entry)
        if self.given_path is None or entry.state != "finished":
            return
        if self._given.finished(entry.cell, entry.digest, entry.data) is None:
            try:
                self.given_path.parent.mkdir(parents=True, exist_ok=True)
                append_entry(self.given_path, entry)
            except OSError as error:
                problem = f"{self.given_path} cannot be written ({error.strerror}); {self.own_path} has the row."
                raise UserError(problem, "Choose another --ledger; the same command resumes the study.") from error


def read_ledger(path: Path) -> Ledger:
    """The entries of a file; none without a file. Raises UserError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "Give the path of a ledger.") from error
    entries = []
    for line in text.splitlines():
        try:
            entries.append(LedgerEntry(**parse_json(line)))
        except (ValueError, TypeError):
            continue
    return Ledger(tuple(entries))


def append_entry(path: Path, entry: LedgerEntry) -> None:
    """Append one line and sync it to disk; it starts on a new line even after a truncated one."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            is_whole = file.read(1) == b"\n"
        else:
            is_whole = True
        line = json.dumps(asdict(entry), ensure_ascii=False).encode()
        file.write((b"" if is_whole else b"\n") + line + b"\n")
        file.flush()
        os.fsync(file.fileno())
