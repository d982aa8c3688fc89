"""Runs the missing cells of a study, each in its own process.

A study that was killed at any time can be resumed: finished cells are in the ledger, and an unfinished one resumes from
its state file. A cell whose checkpoint another one needs runs first. It runs again where only the ledger of another
computer has it, because its checkpoint is needed here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.foreign_text import parse_json
from core.run.messages import TrainingEpoch, TrainingFinished
from core.run.metric_names import metric_title
from core.run.run_folder import CHECKPOINT_NAME, read_log
from training.study.folder import locked, passed_on, print_message, write_json
from training.study.ledger import LedgerEntry, Ledgers, may_be_same
from training.study.plan import Cell, Study

MARK_NAME, ERRORS_NAME = "cell.json", "stderr.txt"
STOPPED = 130


@dataclass(frozen=True, slots=True)
class _Mark:
    """The `digest` and `data` of the `Cell` that a run's folder belongs to."""

    digest: str
    data: str

    def is_of(self, cell: Cell) -> bool:
        return self.digest == cell.digest and may_be_same(self.data, cell.data)


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """Where and how a study runs."""

    data: Path
    """The folder or list of clips."""
    out: Path
    """The folder of the study."""
    ledgers: Ledgers
    train: Sequence[str]
    """The command that takes the arguments of `soundmark train`."""


def run_cells(study: Study, place: StudyPlace) -> int:
    """Run the missing cells; returns 0, 1 where a cell failed, or 130 where it was stopped. Raises UserError."""
    code = 0
    with locked(place.out) as lock:
        cells = list(study.cells())
        to_do = {cell.name for cell in cells_to_do(cells, place.ledgers, place.out)}
        for number, cell in enumerate(cells, 1):
            if cell.name not in to_do:
                continue
            print_message(f"[{number} of {len(cells)}] {cell.name}")
            missing = [needed.name for needed in cell.needs.values() if not _is_here(needed, place.ledgers, place.out)]
            if missing:
                print_message(f"  skipped: it needs {', '.join(missing)}, which failed")
                code = 1
                continue
            _clear_changed(cell, place)
            entry = _run_cell(cell, place, lock)
            if entry is None:
                print_message("Stopped. The same command resumes the study.")
                return STOPPED
            place.ledgers.add(entry)
            metric = study.metric_of(cell.row)
            figure = f"{metric_title(metric)} {entry.metrics.get(metric)}, {entry.seconds:.0f} s"
            print_message(f"  {entry.problem or figure}")
            code = code or int(entry.state == "failed")
    return code


def cells_to_do(cells: list[Cell], ledgers: Ledgers, out: Path) -> list[Cell]:
    """The cells that are not finished in any ledger, and those whose checkpoints these need and lack."""
    ledger, wanted, names = ledgers.both, set[str](), set[str]()
    for cell in reversed(cells):  # a cell comes after those it needs
        is_missed = cell.name in wanted and not _is_here(cell, ledgers, out)
        if is_missed or ledger.finished(cell.name, cell.digest, cell.data) is None:
            names.add(cell.name)
            wanted |= {needed.name for needed in cell.needs.values()}
    return [cell for cell in cells if cell.name in names]


def _is_here(cell: Cell, ledgers: Ledgers, out: Path) -> bool:
    """Whether the study's folder has the checkpoint of a finished run with these settings and clips."""
    is_finished = ledgers.own.finished(cell.name, cell.digest, cell.data) is not None
    mark = _mark_in(out / cell.name)
    return is_finished and mark is not None and mark.is_of(cell) and _config_of(cell, out).is_file()


def checkpoint_of(cell: Cell, out: Path) -> Path:
    """The checkpoint folder of a cell's run."""
    return out.absolute() / cell.name / CHECKPOINT_NAME


def _config_of(cell: Cell, out: Path) -> Path:
    return checkpoint_of(cell, out) / "config.json"


def _mark_in(folder: Path) -> _Mark | None:
    """The mark in a run's folder; None where it is missing or damaged."""
    try:
        mark = parse_json((folder / MARK_NAME).read_text(encoding="utf-8"))
        return _Mark(digest=str(mark["digest"]), data=str(mark.get("data", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear_changed(cell: Cell, place: StudyPlace) -> None:
    """Move a run with other settings or clips aside, with a message; nothing is deleted."""
    out, folder = place.out, place.out / cell.name
    earlier, known = _mark_in(folder), place.ledgers.both.newest(cell.name)
    if earlier is not None and not earlier.is_of(cell):
        what = "settings" if earlier.digest != cell.digest else "clips"
        aside = next(path for i in range(1000) if not (path := out / f"{cell.name}.{earlier.digest}.{i}").exists())
        folder.replace(aside)
        print_message(f"  its {what} have changed: it runs again, and the old run is kept as {aside.name}")
    elif earlier is None and known is not None and known.digest != cell.digest:
        print_message("  its settings have changed: it runs again")
    elif known is not None and not known.is_on(cell.data):
        print_message("  it ran on other clips: it runs again")
    elif known is not None and known.state == "finished":
        print_message("  it finished elsewhere, and its checkpoint is needed here: it runs again")
    folder.mkdir(exist_ok=True)
    write_json(folder / MARK_NAME, {"digest": cell.digest, "data": cell.data, "settings": list(cell.settings)})


def _run_cell(cell: Cell, place: StudyPlace, lock: IO[bytes]) -> LedgerEntry | None:
    """Run one cell to its end; None where it was stopped."""
    folder = place.out / cell.name
    settings = cell.settings_with(lambda needed: checkpoint_of(needed, place.out))
    where = ("--resume", "--json", "--data", str(place.data), "--out", str(folder))
    with (folder / ERRORS_NAME).open("wb") as errors:
        run = subprocess.Popen(
            [*place.train, cell.recipe, *where, *settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, pass_fds=passed_on(lock),
        )  # fmt: skip
        try:
            code = run.wait()
        except KeyboardInterrupt:
            # Ctrl+C reached the run as well: it saves its state and stops; a second one interrupts it.
            code = run.wait() and STOPPED
    if code == STOPPED:
        return None
    messages = list(read_log(folder))
    seconds = sum(message.seconds for message in messages if isinstance(message, TrainingEpoch))
    finished = next((message for message in reversed(messages) if isinstance(message, TrainingFinished)), None)
    if code or finished is None:
        return LedgerEntry(cell.name, cell.digest, "failed", seconds, problem=_problem(folder, code), data=cell.data)
    commit, start = (_provenance(cell, place.out, key) for key in ("commit", "start_content"))
    return LedgerEntry(
        cell.name, cell.digest, "finished", seconds, commit, finished.metrics, data=cell.data, start=start
    )


def _problem(folder: Path, code: int) -> str:
    errors = (folder / ERRORS_NAME).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"failed: {errors[-1] if errors else f'exit code {code}, without a message'}"


def _provenance(cell: Cell, out: Path, key: str) -> str:
    """An entry of a checkpoint's provenance; "" where it has none."""
    try:
        config = parse_json(_config_of(cell, out).read_text(encoding="utf-8"))
        return str(config["provenance"].get(key, ""))
    except (OSError, ValueError, KeyError):
        return ""
