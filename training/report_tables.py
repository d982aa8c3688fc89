"""An EvaluationReport as tables on a terminal. Measures nothing."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from core.cli.console import plain
from core.evaluation_report import EvaluationReport, Measured

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
    """Figures with their intervals, then the labels from the worst F1 to the best."""
    head = f"{report.model} on {report.data}, {report.split}: {len(report.clips)} clips, merge {report.merge}"
    console.print(plain(head), soft_wrap=True)
    figures = Table("figure", "value", "95 % interval")
    for name, words in FIGURES.items():
        if name in report.metrics:
            figures.add_row(words, *_value_and_interval(name, report.metrics[name]))
    console.print(figures)
    labels = Table("label", *("clips", "precision", "recall", "F1", "AP", "threshold"))
    for column in labels.columns[1:]:
        column.justify = "right"
    for one in sorted(report.classes, key=lambda row: row.f1):
        shown = (one.precision, one.recall, one.f1, one.average_precision, one.threshold)
        labels.add_row(plain(one.label), str(one.n_clips), *(f"{figure:.2f}" for figure in shown))
    console.print(labels)


def _value_and_interval(name: str, measured: Measured) -> tuple[str, str]:
    form = ".1%" if name == "accuracy" else ".3f"
    return f"{measured.value:{form}}", f"{measured.low:{form}} to {measured.high:{form}}"
