"""Prints an EvaluationReport as tables."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from core.cli.terminal.console import plain
from core.run.evaluation_report import EvaluationReport, Measured
from core.run.metric_names import METRIC_NAMES, first_metrics, further_metrics


def print_report(report: EvaluationReport, console: Console) -> None:
    """Print the first figures with their intervals, the others in a line, then the labels, the worst F1 first."""
    head = f"{report.model} on {report.data}, {report.split}: {len(report.clips)} clips, merge {report.merge}"
    console.print(plain(head), soft_wrap=True)
    figures = Table("figure", "value", "95 % interval")
    for name in first_metrics(report.metrics):
        value, interval = _value_and_interval(name, report.metrics[name])
        figures.add_row(METRIC_NAMES[name].title, value, interval or "–")
    console.print(figures)
    if further := _further(report):
        console.print(f"Further figures: {further}", style="dim")
    labels = Table("label", *("clips", "precision", "recall", "F1", "AP", "threshold"))
    for column in labels.columns[1:]:
        column.justify = "right"
    for result in sorted(report.classes, key=lambda result: result.f1):
        shown = (result.precision, result.recall, result.f1, result.average_precision, result.threshold)
        labels.add_row(plain(result.label), str(result.n_clips), *(f"{figure:.2f}" for figure in shown))
    console.print(labels)


def _further(report: EvaluationReport) -> str:
    """`mAUC 0.912 (0.88 to 0.94), d′ 1.914 (…)`."""
    words = []
    for name in further_metrics(report.metrics):
        value, interval = _value_and_interval(name, report.metrics[name])
        words.append(f"{METRIC_NAMES[name].title} {value}" + (f" ({interval})" if interval else ""))
    return ", ".join(words)


def _value_and_interval(name: str, measured: Measured) -> tuple[str, str]:
    """No interval where the bootstrap has none: all draws of these clips gave the same figure."""
    form = ".1%" if name == "accuracy" else ".3f"
    value, low, high = (f"{figure:{form}}" for figure in measured.figures)
    return value, "" if low == value == high else f"{low} to {high}"
