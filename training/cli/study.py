"""`soundmark study` runs what is missing of a study, and prints its table.

`training/study/runs.py` does so for studies that train, `merging_runs.py` for those that measure token merging.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import UsageError
from core.program import program_command
from core.terminal_text import shown
from training.cli.data_options import DATA_HELP
from training.study.folder import data_of, earlier_data, identities, print_message, print_table
from training.study.ledger import LEDGER_NAME, Ledgers
from training.study.loading import load_study, read_study_file, study_names
from training.study.merging_plan import is_merging, load_merging_study
from training.study.plan import Study
from training.study.runs import StudyPlace, cells_to_do, run_cells
from training.study.table import as_dict, as_table, outcomes

TRAIN = program_command("train")


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What `study` was asked to do."""

    name: str | None
    """A study's name or its .toml file; None to list the studies."""
    data: Path | None = None
    """Folder or list of labelled clips; None for that of earlier calls with `out`."""
    out: Path | None = None
    """The study's folder; None for runs/study-NAME."""
    dry_run: bool = False
    """Only report what is missing."""
    as_json: bool = False
    """Print the table as one JSON object."""
    ledger: Path | None = None
    """A second ledger: its finished cells count, and it gets the new ones too."""
    model: str | None = None
    """Of a study that measures: which model."""
    folds: tuple[str, ...] = ()
    """Of a study that measures: the folds to score."""
    device: str = "auto"
    """Of a study that measures: where."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `study`."""
    parser.add_argument("study", nargs="?", metavar="NAME", help="a study, or its .toml file; without: list them")
    parser.add_argument("--data", type=Path, metavar="PATH", help=DATA_HELP)
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for its runs (default: runs/study-NAME)")
    ledger = "a ledger of this study on this data, from any computer: its results count, and new ones are added"
    parser.add_argument("--ledger", type=Path, metavar="FILE", help=ledger)
    parser.add_argument("--model", metavar="M", help="for a study that measures: which model (default: starter)")
    folds = "for a study that measures: score only this fold; may be repeated"
    parser.add_argument("--fold", action="append", default=[], metavar="K", help=folds)
    device = "for a study that measures: where"
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help=device)
    parser.add_argument("--dry-run", action="store_true", help="report what is missing, and the table so far")
    parser.add_argument("--json", action="store_true", help="print the table as one JSON object")


def run(namespace: argparse.Namespace) -> int:
    """Run `study` with the options of `add_options`."""
    options = StudyOptions(
        name=namespace.study,
        data=namespace.data,
        out=namespace.out,
        dry_run=namespace.dry_run,
        as_json=namespace.json,
        ledger=namespace.ledger,
        model=namespace.model,
        folds=tuple(namespace.fold),
        device=namespace.device,
    )
    return run_study(options)


def run_study(options: StudyOptions, train: Sequence[str] = TRAIN) -> int:
    """Run what is missing and print the table: 0, or 1 if a cell failed, 130 if stopped. Raises UserError.

    train: a command that accepts what `soundmark train` does.
    """
    if options.name is None:
        _print_studies(options.as_json)
        return 0
    if is_merging(read_study_file(options.name)[1]):
        return _measure(options.name, options)
    if options.model is not None or options.folds or options.device != "auto":
        problem = "This study trains its own models, on the folds in its file."
        raise UsageError(problem, "Use --model, --fold and --device only for studies that measure.")
    return _train(load_study(options.name), options, train)


def _measure(name: str, options: StudyOptions) -> int:
    from training.study.merging_runs import MergingOptions, run_merging_study  # late: it loads torch

    study = load_merging_study(name)
    merging_options = MergingOptions(
        data=options.data,
        out=_folder_of(study.name, options),
        model=options.model,
        folds=options.folds,
        device=options.device,
        ledger=options.ledger,
        dry_run=options.dry_run,
        as_json=options.as_json,
    )
    return run_merging_study(study, merging_options)


def _train(study: Study, options: StudyOptions, train: Sequence[str]) -> int:
    out = _folder_of(study.name, options)
    ledgers = Ledgers(out / LEDGER_NAME, options.ledger)
    code = 0
    if options.dry_run:
        study = study.on(identities(options.data or earlier_data(out)))
        _report_missing(study, ledgers, out)
    else:
        ledgers.check()
        data = data_of(options.data, out)
        study = study.on(identities(data))
        code = run_cells(study, StudyPlace(data, out, ledgers, train))
    _print_table(study, ledgers, options.as_json)
    return code


def _folder_of(name: str, options: StudyOptions) -> Path:
    return options.out or Path("runs") / f"study-{name}"


def _report_missing(study: Study, ledgers: Ledgers, out: Path) -> None:
    cells, ledger = list(study.cells()), ledgers.both
    missing = cells_to_do(cells, ledgers, out)
    for cell in missing:
        entry = ledger.newest(cell.name)
        if entry is None:
            why = ""
        elif entry.digest != cell.digest:
            why = ", its settings have changed since it ran"
        elif not entry.is_on(cell.data):
            why = ", it ran on other clips"
        else:
            why = ", failed before" if entry.state == "failed" else ", its checkpoint is needed here"
        print_message(f"to do: {cell.name}{why} ({cell.recipe} {' '.join(cell.settings)})")
    print_message(f"{len(missing)} of {len(cells)} cells to do.")


def _print_table(study: Study, ledgers: Ledgers, as_json: bool) -> None:
    rows = outcomes(study, ledgers.both)
    if as_json:
        print(json.dumps(as_dict(study, rows), ensure_ascii=False))
    else:
        print_table(as_table(study, rows))


def _print_studies(as_json: bool) -> None:
    rows = [_listed(name) for name in study_names()]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        what = "settings of one model" if row["kind"] == "merging" else "runs"
        print(shown(f"{row['name']}: {row['summary']} ({row['n_cells']} {what})"))


def _listed(name: str) -> dict[str, object]:
    if is_merging(read_study_file(name)[1]):
        study = load_merging_study(name)
        kind, n_cells = "merging", study.n_settings
    else:
        study = load_study(name)
        kind, n_cells = "training", len(list(study.cells()))
    return {"name": name, "kind": kind, "title": study.title, "summary": study.summary, "n_cells": n_cells}
