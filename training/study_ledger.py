"""The memory of a study: one JSON line for each cell that ended, on the disk before the next one starts. Knows no grid.

A line that a crash cut short is no line; the newest of a cell counts.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

LEDGER_NAME = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """How a cell ended. digest: of its settings then; seconds: of training, its parts summed; commit: of the code that
    made the model; problem: why it failed."""

    cell: str
    digest: str
    state: Literal["finished", "failed"]
    seconds: float
    commit: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    problem: str = ""


def read_ledger(out: Path) -> dict[str, LedgerEntry]:
    """The newest entry of each cell."""
    path = out / LEDGER_NAME
    entries: dict[str, LedgerEntry] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            entry = LedgerEntry(**json.loads(line))
        except (ValueError, TypeError):
            continue
        entries[entry.cell] = entry
    return entries


def append_entry(out: Path, entry: LedgerEntry) -> None:
    """Write one line that is on the disk when this returns; it stands alone even after a line that was cut short."""
    path = out / LEDGER_NAME
    with open(path, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            is_whole = file.read(1) == b"\n"
        else:
            is_whole = True
        line = json.dumps(asdict(entry), ensure_ascii=False).encode()
        file.write((b"" if is_whole else b"\n") + line + b"\n")
        file.flush()
        os.fsync(file.fileno())
