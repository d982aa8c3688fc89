"""`main.py check`: the pre-flight report on a terminal or as JSON. Finds nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.cli.terminal.console import PlainConsole, plain
from core.cli.terminal.console import progress_bar as new_bar
from core.run.data_report import DataReport, Finding
from core.run.messages import TrainingPreparing
from core.terminal_text import shown
from training.config.recipe import TrainConfig, load_recipe
from training.data_check.data_check import Report, check_data
from training.text import count

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_PATHS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """data: folder or list of labelled clips. test_folds: those that a training will hold out, none for any. recipe,
    settings: what the data are for, as `train` takes it; "" for any recipe."""

    data: Path
    collection: str = ""
    test_folds: tuple[str, ...] = ()
    as_json: bool = False
    recipe: str = ""
    settings: tuple[str, ...] = ()

    def config(self) -> TrainConfig | None:
        """The recipe, with the test folds that were asked for. Raises UserError."""
        if not self.recipe:
            return None
        config = load_recipe(self.recipe, list(self.settings))
        return replace(config, test_folds=self.test_folds or config.test_folds)


def run_check(options: CheckOptions) -> int:
    """Check and print; 0, or on a terminal 1 where the data cannot be trained on. Raises UserError."""
    with progress_bar() as report:
        found = check_data(options.data, options.collection, options.test_folds, report, options.config())
    if options.as_json:
        print(found.to_json())
        return 0
    print_report(found, PlainConsole())
    return 0 if found.can_train() else 1


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A bar on stderr where that is a terminal; nothing else."""
    with new_bar() as bar:
        task = bar.add_task("Reading the list", total=None)

        def report(message: TrainingPreparing) -> None:
            bar.update(task, description=shown(message.what), completed=message.done, total=message.total)

        yield report


def print_report(report: DataReport, console: Console) -> None:
    """Classes in a table, then the findings with their remedies, errors first."""
    folds = ", ".join(f"{name}: {n}" for name, n in report.folds)
    head = (
        f"{report.name}, read as {report.layout}: {count(report.n_clips, 'clip', 'clips')}, "
        f"{report.minutes:.1f} minutes{f', folds {folds}' if folds else ''}"
    )
    console.print(plain(head), soft_wrap=True)
    classes = Table("class", "clips", "minutes")
    for column in classes.columns[1:]:
        column.justify = "right"
    for one in report.classes:
        classes.add_row(plain(one.label), str(one.n_clips), f"{one.minutes:.1f}")
    console.print(classes)
    for finding in report.findings:
        _print_finding(finding, console)
    console.print(plain(_verdict(report)))


def _verdict(report: DataReport) -> str:
    """`2 errors, 1 warning: …`."""
    n = Counter(finding.severity for finding in report.findings)
    counted = [count(n[one], one, f"{one}s") for one in _COLOURS if n[one]]
    if not counted:
        return "Nothing is wrong with these clips."
    end = "These clips can be trained on." if report.can_train() else "A training would refuse these clips as they are."
    return f"{', '.join(counted)}. {end}"


def _print_finding(finding: Finding, console: Console) -> None:
    severity = Text(finding.severity, _COLOURS[finding.severity])
    console.print(Text.assemble(severity, ": ", plain(finding.text)), soft_wrap=True)
    console.print(plain(f"    {finding.remedy}"), soft_wrap=True)
    for path in finding.paths[:_PATHS_SHOWN]:
        console.print(plain(f"    {path}", "dim"), soft_wrap=True)
    if len(finding.paths) > _PATHS_SHOWN:
        console.print(plain(f"    … and {len(finding.paths) - _PATHS_SHOWN} more", "dim"))
