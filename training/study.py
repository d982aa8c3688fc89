"""`main.py study`: runs the cells of a study that are missing, each as a process of its own, and prints its table.

Whatever is killed and whenever, the next call goes on: a finished cell is in the ledger, an unfinished one goes on from
its own state. One lock is held as long as this process or a run that it started lives, so that no two runs ever write
to one folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console

from core.errors import UsageError, UserError
from core.training_messages import TrainingEpoch, TrainingFinished, TrainingMessage, from_line
from training.study_ledger import LedgerEntry, append_entry, read_ledger
from training.study_plan import Cell, Study, load_study, study_names
from training.study_table import as_dict, as_table, outcomes

try:
    import fcntl
except ImportError:  # Windows, where a second call must not be made by hand while a first one runs
    fcntl = None

TRAIN = (sys.executable, str(Path(__file__).resolve().parents[1] / "main.py"), "train")
LOG_NAME, CHECKPOINT_CONFIG = "log.jsonl", Path("checkpoint") / "config.json"
LOCK_NAME, DATA_NAME, MARK_NAME, ERRORS_NAME = "study.lock", "study.json", "cell.json", "stderr.txt"
_STOPPED = 130


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """The command line. name None: list the studies. data None: that of the earlier calls with `out`."""

    name: str | None
    data: Path | None = None
    out: Path | None = None
    dry_run: bool = False
    as_json: bool = False


def run_study(options: StudyOptions, train: Sequence[str] = TRAIN) -> int:
    """Do what is missing and print the table: 0, or 1 when a cell failed, 130 when stopped. Raises UserError.

    train: the command that takes what `main.py train` takes.
    """
    if options.name is None:
        _print_studies(options.as_json)
        return 0
    study = load_study(options.name)
    out = options.out or Path("runs") / f"study-{study.name}"
    if options.dry_run:
        _say_what_is_missing(study, out)
        _print_table(study, out, options.as_json)
        return 0
    code = 0
    data = _data_of(options.data, out)
    with _locked(out) as lock:
        cells = list(study.cells())
        for number, cell in enumerate(cells, 1):
            ledger = read_ledger(out)
            if _is_done(cell, ledger):
                continue
            _say(f"[{number} of {len(cells)}] {cell.name}")
            _clear_changed(cell, out, ledger.get(cell.name))
            entry = _run_cell(cell, data, out, train, lock)
            if entry is None:
                _say("Stopped; the same command goes on.")
                code = _STOPPED
                break
            append_entry(out, entry)
            _say(f"  {entry.problem or f'{study.metric} {entry.metrics.get(study.metric)}, {entry.seconds:.0f} s'}")
            code = code or int(entry.state == "failed")
    _print_table(study, out, options.as_json)
    return code


def _is_done(cell: Cell, ledger: dict[str, LedgerEntry]) -> bool:
    entry = ledger.get(cell.name)
    return entry is not None and entry.digest == cell.digest and entry.state == "finished"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _say_what_is_missing(study: Study, out: Path) -> None:
    ledger = read_ledger(out)
    missing = [cell for cell in study.cells() if not _is_done(cell, ledger)]
    for cell in missing:
        entry = ledger.get(cell.name)
        changed = ", its settings changed since it ran" if entry and entry.digest != cell.digest else ""
        failed = ", failed before" if entry and not changed else ""
        _say(f"to do: {cell.name}{changed}{failed} ({cell.recipe} {' '.join(cell.settings)})")
    _say(f"{len(missing)} of {len(list(study.cells()))} cells are to do.")


def _print_table(study: Study, out: Path, as_json: bool) -> None:
    rows = outcomes(study, read_ledger(out))
    if as_json:
        print(json.dumps(as_dict(study, rows), ensure_ascii=False))
    else:
        Console().print(as_table(study, rows))


def _print_studies(as_json: bool) -> None:
    studies = [load_study(name) for name in study_names()]
    if as_json:
        rows = [
            {"name": one.name, "title": one.title, "summary": one.summary, "n_cells": len(list(one.cells()))}
            for one in studies
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in studies:
        print(f"{one.name}: {one.summary} ({len(list(one.cells()))} runs)")


def _data_of(data: Path | None, out: Path) -> Path:
    """The data of the study in `out`, which stay the same from call to call."""
    path = out / DATA_NAME
    earlier = Path(json.loads(path.read_text(encoding="utf-8"))["data"]) if path.is_file() else None
    if data is None and earlier is None:
        raise UsageError("No training data is given.", "Give a folder or list of labelled clips with --data.")
    if data is not None and earlier is not None and data.absolute() != earlier:
        raise UserError(f"The study in {out} is on other data ({earlier}).", "Choose another --out.")
    chosen = (data or earlier or Path()).absolute()
    if earlier is None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            _write(path, {"data": str(chosen)})
        except OSError as error:
            raise UserError(f"{out} cannot be used ({error.strerror}).", "Choose another folder with --out.") from error
    return chosen


@contextmanager
def _locked(out: Path) -> Iterator[IO[bytes]]:
    """A file that this process and the runs it starts hold; waits for those of an earlier call."""
    with open(out / LOCK_NAME, "ab") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say(f"A run that another call started is still at work in {out}: waiting for it to end.")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _clear_changed(cell: Cell, out: Path, entry: LedgerEntry | None) -> None:
    """Move a run of other settings out of the way, and say so: nothing is deleted."""
    folder = out / cell.name
    mark = folder / MARK_NAME
    earlier = json.loads(mark.read_text(encoding="utf-8"))["digest"] if mark.is_file() else None
    if earlier not in (None, cell.digest):
        aside = next(one for i in range(1000) if not (one := out / f"{cell.name}.{earlier}.{i}").exists())
        os.replace(folder, aside)
        _say(f"  its settings have changed: it is done again, and the old run is kept as {aside.name}")
    elif earlier is None and entry is not None and entry.digest != cell.digest:
        _say("  its settings have changed: it is done again")
    folder.mkdir(exist_ok=True)
    _write(mark, {"digest": cell.digest, "settings": list(cell.settings)})


def _run_cell(cell: Cell, data: Path, out: Path, train: Sequence[str], lock: IO[bytes]) -> LedgerEntry | None:
    """Train one cell to its end; None when somebody asked to stop."""
    folder = out / cell.name
    words = [*train, cell.recipe, "--resume", "--json", "--data", str(data), "--out", str(folder), *cell.settings]
    inherited = () if fcntl is None else (lock.fileno(),)
    with open(folder / ERRORS_NAME, "wb") as errors:
        run = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, pass_fds=inherited
        )
        try:
            code = run.wait()
        except KeyboardInterrupt:
            # Ctrl+C reached the run as well: it saves its state first, and a second one breaks it off.
            code = run.wait() and _STOPPED
    if code == _STOPPED:
        return None
    messages = _messages(folder)
    seconds = sum(one.seconds for one in messages if isinstance(one, TrainingEpoch))
    finished = next((one for one in reversed(messages) if isinstance(one, TrainingFinished)), None)
    if code or finished is None:
        return LedgerEntry(cell.name, cell.digest, "failed", seconds, problem=_problem(folder, code))
    return LedgerEntry(cell.name, cell.digest, "finished", seconds, _commit(folder), finished.metrics)


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


def _commit(folder: Path) -> str:
    try:
        config = json.loads((folder / CHECKPOINT_CONFIG).read_text(encoding="utf-8"))
        return str(config["provenance"]["commit"])
    except (OSError, ValueError, KeyError):
        return "unknown"


def _write(path: Path, content: dict[str, object]) -> None:
    """Whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(new, path)
