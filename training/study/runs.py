"""Runs the cells of a study that are missing, each as a process of its own.

Whatever is killed and whenever, the next call goes on: a finished cell is in the ledger, an unfinished one goes on from
its own state. What another cell begins with runs before it, and again where only a ledger of another computer knows it:
its checkpoint is wanted here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import UserError
from core.foreign_text import parse_json
from core.run.messages import TrainingEpoch, TrainingFinished, TrainingMessage, from_line
from training.study.folder import locked, passed_on, say, write_json
from training.study.ledger import LedgerEntry, Ledgers, may_be_same
from training.study.plan import Cell, Study

LOG_NAME, CHECKPOINT_NAME = "log.jsonl", "checkpoint"
MARK_NAME, ERRORS_NAME = "cell.json", "stderr.txt"
STOPPED = 130


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a run's folder was made for, as in `Cell`."""

    digest: str
    data: str

    def is_of(self, cell: Cell) -> bool:
        return self.digest == cell.digest and may_be_same(self.data, cell.data)


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """Where a study runs. train: the command that takes what `main.py train` takes."""

    data: Path
    out: Path
    ledgers: Ledgers
    train: Sequence[str]


def run_cells(study: Study, place: StudyPlace) -> int:
    """Do what is missing: 0, or 1 when a cell failed, 130 when stopped. Raises UserError."""
    code = 0
    with locked(place.out) as lock:
        cells = list(study.cells())
        to_do = {cell.name for cell in cells_to_do(cells, place.ledgers, place.out)}
        for number, cell in enumerate(cells, 1):
            if cell.name not in to_do:
                continue
            say(f"[{number} of {len(cells)}] {cell.name}")
            missing = [one.name for one in cell.needs.values() if not _is_here(one, place.ledgers, place.out)]
            if missing:
                say(f"  left out: it begins with {', '.join(missing)}, which failed")
                code = 1
                continue
            _clear_changed(cell, place)
            entry = _run_cell(cell, place, lock)
            if entry is None:
                say("Stopped; the same command goes on.")
                return STOPPED
            place.ledgers.add(entry)
            metric = study.metric_of(cell.row)
            say(f"  {entry.problem or f'{metric} {entry.metrics.get(metric)}, {entry.seconds:.0f} s'}")
            code = code or int(entry.state == "failed")
    return code


def cells_to_do(cells: list[Cell], ledgers: Ledgers, out: Path) -> list[Cell]:
    """Those that no ledger knows as finished, and those whose checkpoint one of these wants and cannot have."""
    ledger, wanted, names = ledgers.both, set[str](), set[str]()
    for cell in reversed(cells):  # a cell stands behind those it needs
        is_missed = cell.name in wanted and not _is_here(cell, ledgers, out)
        if is_missed or ledger.finished(cell.name, cell.digest, cell.data) is None:
            names.add(cell.name)
            wanted |= {one.name for one in cell.needs.values()}
    return [cell for cell in cells if cell.name in names]


def _is_here(cell: Cell, ledgers: Ledgers, out: Path) -> bool:
    """Whether the checkpoint of a finished run of these settings and clips lies in the study's folder."""
    is_finished = ledgers.own.finished(cell.name, cell.digest, cell.data) is not None
    mark = _mark_in(out / cell.name)
    return is_finished and mark is not None and mark.is_of(cell) and _config_of(cell, out).is_file()


def checkpoint_of(cell: Cell, out: Path) -> Path:
    """Where a cell's run leaves its model."""
    return out.absolute() / cell.name / CHECKPOINT_NAME


def _config_of(cell: Cell, out: Path) -> Path:
    return checkpoint_of(cell, out) / "config.json"


def _mark_in(folder: Path) -> _Mark | None:
    """None where there is none, or a damaged one."""
    try:
        said = parse_json((folder / MARK_NAME).read_text(encoding="utf-8"))
        return _Mark(str(said["digest"]), str(said.get("data", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear_changed(cell: Cell, place: StudyPlace) -> None:
    """Move a run of other settings or clips out of the way, and say so: nothing is deleted."""
    out, folder = place.out, place.out / cell.name
    earlier, known = _mark_in(folder), place.ledgers.both.newest(cell.name)
    if earlier is not None and not earlier.is_of(cell):
        what = "settings" if earlier.digest != cell.digest else "clips"
        aside = next(one for i in range(1000) if not (one := out / f"{cell.name}.{earlier.digest}.{i}").exists())
        os.replace(folder, aside)
        say(f"  its {what} have changed: it is done again, and the old run is kept as {aside.name}")
    elif earlier is None and known is not None and known.digest != cell.digest:
        say("  its settings have changed: it is done again")
    elif known is not None and not known.is_on(cell.data):
        say("  it was done on other clips: it is done again")
    elif known is not None and known.state == "finished":
        say("  it was finished before, and its checkpoint is wanted here: it is done again")
    folder.mkdir(exist_ok=True)
    write_json(folder / MARK_NAME, {"digest": cell.digest, "data": cell.data, "settings": list(cell.settings)})


def _run_cell(cell: Cell, place: StudyPlace, lock: IO[bytes]) -> LedgerEntry | None:
    """Train one cell to its end; None when somebody asked to stop."""
    folder = place.out / cell.name
    settings = cell.settings_with(lambda needed: checkpoint_of(needed, place.out))
    where = ("--resume", "--json", "--data", str(place.data), "--out", str(folder))
    with open(folder / ERRORS_NAME, "wb") as errors:
        run = subprocess.Popen(
            [*place.train, cell.recipe, *where, *settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, pass_fds=passed_on(lock),
        )  # fmt: skip
        try:
            code = run.wait()
        except KeyboardInterrupt:
            # Ctrl+C reached the run as well: it saves its state first, and a second one breaks it off.
            code = run.wait() and STOPPED
    if code == STOPPED:
        return None
    messages = _messages(folder)
    seconds = sum(one.seconds for one in messages if isinstance(one, TrainingEpoch))
    finished = next((one for one in reversed(messages) if isinstance(one, TrainingFinished)), None)
    if code or finished is None:
        return LedgerEntry(cell.name, cell.digest, "failed", seconds, problem=_problem(folder, code), data=cell.data)
    commit, start = (_provenance(cell, place.out, key) for key in ("commit", "start_content"))
    return LedgerEntry(
        cell.name, cell.digest, "finished", seconds, commit, finished.metrics, data=cell.data, start=start
    )


def _messages(folder: Path) -> list[TrainingMessage]:
    """What the run said, all its parts; lines that a crash cut short are left out."""
    path, messages = folder / LOG_NAME, list[TrainingMessage]()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            messages.append(from_line(line))
        except UserError:
            continue
    return messages


def _problem(folder: Path, code: int) -> str:
    said = (folder / ERRORS_NAME).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"failed: {said[-1] if said else f'it ended with exit code {code} and said nothing'}"


def _provenance(cell: Cell, out: Path, key: str) -> str:
    """What the checkpoint of a run says of where it comes from, "" where it says nothing."""
    try:
        config = parse_json(_config_of(cell, out).read_text(encoding="utf-8"))
        return str(config["provenance"].get(key, ""))
    except (OSError, ValueError, KeyError):
        return ""
