"""`soundmark check` reports what is in a folder of labelled clips and what is wrong with it."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.cli.argument_types import comma_names
from core.cli.terminal.console import PlainConsole, plain
from core.run.data_report import DataReport, Finding
from training.cli.data_options import add_data_options
from training.cli.reporters import preparation_bar
from training.text import count

if TYPE_CHECKING:
    from training.config.recipe import TrainConfig

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_PATHS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What `check` was asked to do."""

    data: Path
    """Folder or list of labelled clips."""
    collection: str = ""
    """A collection that joins several data sets."""
    test_folds: tuple[str, ...] = ()
    """Folds that a training will hold out; none to try each in turn."""
    as_json: bool = False
    """Print one JSON object."""
    recipe: str = ""
    """The recipe that the data are for, as `train` accepts it; "" for any."""
    settings: tuple[str, ...] = ()
    """`KEY=VALUE`, changes to the recipe."""

    def config(self) -> TrainConfig | None:
        """Load the recipe, with the test folds that were asked for. Raises UserError."""
        from training.config.loading import load_recipe

        if not self.recipe:
            return None
        config = load_recipe(self.recipe, list(self.settings))
        return config.with_settings(test_folds=self.test_folds or config.data.test_folds)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `check`; changes to the recipe may follow them."""
    add_data_options(parser)
    folds = "folds that will be held out, separated by commas (default: each in turn)"
    parser.add_argument("--test-folds", type=comma_names, default=(), metavar="K", help=folds)
    recipe = "check for this recipe (default: what holds for any)"
    parser.add_argument("--recipe", default="", metavar="RECIPE", help=recipe)
    parser.set_defaults(settings=[])


def run(namespace: argparse.Namespace) -> int:
    """Run `check` with the options of `add_options`."""
    options = CheckOptions(
        data=namespace.data,
        collection=namespace.collection,
        test_folds=namespace.test_folds,
        as_json=namespace.json,
        recipe=namespace.recipe,
        settings=tuple(namespace.settings),
    )
    return run_check(options)


def run_check(options: CheckOptions) -> int:
    """Check and print; 0, or without --json 1 if the data cannot be trained on. Raises UserError."""
    from training.data_check.data_check import check_data

    with preparation_bar("Reading the list") as report:
        found = check_data(options.data, options.collection, options.test_folds, report, options.config())
    if options.as_json:
        print(found.to_json())
        return 0
    print_report(found, PlainConsole())
    return 0 if found.can_train() else 1


def print_report(report: DataReport, console: Console) -> None:
    """Print the classes in a table, then the findings with their remedies, errors first."""
    folds = ", ".join(f"{name}: {n}" for name, n in report.folds)
    head = (
        f"{report.name}, read as {report.layout}: {count(report.n_clips, 'clip', 'clips')}, "
        f"{report.minutes:.1f} minutes{f', folds {folds}' if folds else ''}"
    )
    console.print(plain(head), soft_wrap=True)
    classes = Table("class", "clips", "minutes")
    for column in classes.columns[1:]:
        column.justify = "right"
    for content in report.classes:
        classes.add_row(plain(content.label), str(content.n_clips), f"{content.minutes:.1f}")
    console.print(classes)
    for finding in report.findings:
        _print_finding(finding, console)
    console.print(plain(_verdict(report)))


def _verdict(report: DataReport) -> str:
    """`2 errors, 1 warning: …`."""
    n = Counter(finding.severity for finding in report.findings)
    counted = [count(n[severity], severity, f"{severity}s") for severity in _COLOURS if n[severity]]
    if not counted:
        return "Nothing is wrong with these clips."
    end = "These clips can be trained on." if report.can_train() else "These clips cannot be trained on as they are."
    return f"{', '.join(counted)}. {end}"


def _print_finding(finding: Finding, console: Console) -> None:
    severity = Text(finding.severity, _COLOURS[finding.severity])
    console.print(Text.assemble(severity, ": ", plain(finding.text)), soft_wrap=True)
    console.print(plain(f"    {finding.remedy}"), soft_wrap=True)
    for path in finding.paths[:_PATHS_SHOWN]:
        console.print(plain(f"    {path}", "dim"), soft_wrap=True)
    if len(finding.paths) > _PATHS_SHOWN:
        console.print(plain(f"    … and {len(finding.paths) - _PATHS_SHOWN} more", "dim"))
