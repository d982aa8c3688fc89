"""An EvaluationReport as tables on a terminal. Measures nothing."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from core.cli.terminal.console import plain
from core.run.evaluation_report import FIRST_FIGURES, EvaluationReport, Measured

FIGURES = {
    "accuracy": "accuracy",
    "map": "mAP",
    "mauc": "mAUC",
    "d_prime": "d′",
    "f1": "F1 (micro)",
    "f1_macro": "F1 (macro)",
    "ece": "calibration error",
    "brier": "Brier score",
}
"""The report's figures in the order and the words in which people read them."""


def print_report(report: EvaluationReport, console: Console) -> None:
    """The first figures with their intervals, the others in a line, then the labels from the worst F1 to the best."""
    head = f"{report.model} on {report.data}, {report.split}: {len(report.clips)} clips, merge {report.merge}"
    console.print(plain(head), soft_wrap=True)
    figures = Table("figure", "value", "95 % interval")
    for name in FIRST_FIGURES:
        if name in report.metrics:
            value, interval = _value_and_interval(name, report.metrics[name])
            figures.add_row(FIGURES[name], value, interval or "–")
    console.print(figures)
    if further := _further(report):
        console.print(f"Further figures: {further}", style="dim")
    labels = Table("label", *("clips", "precision", "recall", "F1", "AP", "threshold"))
    for column in labels.columns[1:]:
        column.justify = "right"
    for one in sorted(report.classes, key=lambda row: row.f1):
        shown = (one.precision, one.recall, one.f1, one.average_precision, one.threshold)
        labels.add_row(plain(one.label), str(one.n_clips), *(f"{figure:.2f}" for figure in shown))
    console.print(labels)


def _further(report: EvaluationReport) -> str:
    """`mAUC 0.912 (0.88 to 0.94), d′ 1.914 (…)`."""
    words = []
    for name in (one for one in FIGURES if one in report.metrics and one not in FIRST_FIGURES):
        value, interval = _value_and_interval(name, report.metrics[name])
        words.append(f"{FIGURES[name]} {value}" + (f" ({interval})" if interval else ""))
    return ", ".join(words)


def _value_and_interval(name: str, measured: Measured) -> tuple[str, str]:
    """No interval where the bootstrap knows none: all draws of these clips gave the same figure."""
    form = ".1%" if name == "accuracy" else ".3f"
    value, low, high = (f"{one:{form}}" for one in measured.figures)
    return value, "" if low == value == high else f"{low} to {high}"
