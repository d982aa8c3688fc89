"""`main.py study`: many runs or measurements by one file, and the table that they make. Trains and measures nothing.

See `study_runs` for studies that train, and `merging_study` for those of token merging.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import UsageError
from core.program import program_command
from core.terminal_text import shown
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
    """The command line. name None: list the studies. data None: that of the earlier calls with `out`. ledger: a second
    one, whose finished cells count, and which gets the new ones too. model, folds, device: of studies that measure."""

    name: str | None
    data: Path | None = None
    out: Path | None = None
    dry_run: bool = False
    as_json: bool = False
    ledger: Path | None = None
    model: str | None = None
    folds: tuple[str, ...] = ()
    device: str = "auto"


def run_study(options: StudyOptions, train: Sequence[str] = TRAIN) -> int:
    """Do what is missing and print the table: 0, or 1 when a cell failed, 130 when stopped. Raises UserError.

    train: the command that takes what `main.py train` takes.
    """
    if options.name is None:
        _print_studies(options.as_json)
        return 0
    if is_merging(read_study_file(options.name)[1]):
        return _measure(options.name, options)
    if options.model is not None or options.folds or options.device != "auto":
        problem = "This study trains its own models, on the folds in its file and where PyTorch finds a GPU."
        raise UsageError(problem, "Leave --model, --fold and --device to studies that measure.")
    return _train(load_study(options.name), options, train)


def _measure(name: str, options: StudyOptions) -> int:
    from training.study.merging_runs import MergingOptions, run_merging_study  # brings the tagger: not for the list

    study = load_merging_study(name)
    wanted = MergingOptions(
        data=options.data,
        out=_folder_of(study.name, options),
        model=options.model,
        folds=options.folds,
        device=options.device,
        ledger=options.ledger,
        dry_run=options.dry_run,
        as_json=options.as_json,
    )
    return run_merging_study(study, wanted)


def _train(study: Study, options: StudyOptions, train: Sequence[str]) -> int:
    out = _folder_of(study.name, options)
    ledgers = Ledgers(out / LEDGER_NAME, options.ledger)
    code = 0
    if options.dry_run:
        study = study.on(identities(options.data or earlier_data(out)))
        _say_what_is_missing(study, ledgers, out)
    else:
        ledgers.check()
        data = data_of(options.data, out)
        study = study.on(identities(data))
        code = run_cells(study, StudyPlace(data, out, ledgers, train))
    _print_table(study, ledgers, options.as_json)
    return code


def _folder_of(name: str, options: StudyOptions) -> Path:
    return options.out or Path("runs") / f"study-{name}"


def _say_what_is_missing(study: Study, ledgers: Ledgers, out: Path) -> None:
    cells, ledger = list(study.cells()), ledgers.both
    missing = cells_to_do(cells, ledgers, out)
    for cell in missing:
        entry = ledger.newest(cell.name)
        if entry is None:
            why = ""
        elif entry.digest != cell.digest:
            why = ", its settings changed since it ran"
        elif not entry.is_on(cell.data):
            why = ", it ran on other clips"
        else:
            why = ", failed before" if entry.state == "failed" else ", its checkpoint is wanted here"
        print_message(f"to do: {cell.name}{why} ({cell.recipe} {' '.join(cell.settings)})")
    print_message(f"{len(missing)} of {len(cells)} cells are to do.")


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
        one = load_merging_study(name)
        kind, n_cells = "merging", one.n_settings
    else:
        one = load_study(name)
        kind, n_cells = "training", len(list(one.cells()))
    return {"name": name, "kind": kind, "title": one.title, "summary": one.summary, "n_cells": n_cells}
