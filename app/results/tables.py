"""What the tables of an evaluation say of a class and of a clip. Knows no widgets but a column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.style import formatting
from app.widgets.tables import Column
from core.run.evaluation_report import FIRST_FIGURES, ClassResult, ClipResult, EvaluationReport, Measured

METRIC_NAMES = {
    "accuracy": ("Accuracy", True, "the share of clips whose class was found"),
    "map": ("mAP", True, "mean average precision: 100 % when no wrong clip ranks above a right one"),
    "f1": ("F1", True, "precision and recall in one, over all clips"),
    "f1_macro": ("Macro F1", True, "F1, every class counting alike"),
    "mauc": ("mAUC", True, "how often a right clip ranks above a wrong one; 50 % is chance"),
    "d_prime": ("d′", False, "mAUC as a distance; 0 is chance"),
    "ece": ("Calibration error", True, "how far the probabilities are from the truth; 0 % is best"),
    "brier": ("Brier", False, "the mean squared error of the probabilities; 0 is best"),
}
"""What people call a metric, whether it is a share, and what it says."""


def figure_column(title: str, tip: str, field: str, width: int) -> Column:
    """A share in a ClassResult; of a class without clips nothing can be said but its threshold."""

    def text(result: ClassResult) -> str:
        is_known = result.n_clips or field == "threshold"
        return formatting.percent(getattr(result, field)) if is_known else "–"

    return Column(title, tip, lambda result: getattr(result, field), text, width=width)


CLASS_COLUMNS = (
    Column("Class", "The class.", lambda one: one.label.casefold(), lambda one: one.label, is_figure=False),
    Column("Clips", "Held-out clips of this class.", lambda one: one.n_clips, lambda one: str(one.n_clips), width=64),
    figure_column("Precision", "How many of the clips given this name have it.", "precision", 90),
    figure_column("Recall", "How many clips of this class were found.", "recall", 76),
    figure_column("F1", "Precision and recall in one.", "f1", 66),
    figure_column("AP", "Average precision, over every threshold.", "average_precision", 66),
    figure_column("Threshold", "From this probability on the class counts as heard.", "threshold", 92),
)


def clip_columns(labels: Sequence[str]) -> tuple[Column, ...]:
    """Columns for a ClipResult whose labels are indices into `labels`."""

    def name(clip: ClipResult) -> str:
        return Path(clip.path).name

    def truth(clip: ClipResult) -> str:
        return ", ".join(labels[one] for one in clip.truth) or "nothing"

    def predicted(clip: ClipResult) -> str:
        return str(labels[clip.predicted])

    def score(clip: ClipResult) -> str:
        return formatting.percent(clip.score)

    return (
        Column("Clip", "The file.", lambda clip: clip.path.casefold(), name, is_figure=False),
        Column("Is", "What the clip is.", lambda clip: truth(clip).casefold(), truth, is_figure=False, width=110),
        Column("Taken for", "What the model is surest of.", predicted, predicted, is_figure=False, width=110),
        Column("Surety", "How sure it is of that.", lambda clip: clip.score, score, width=70),
    )


def first_figures(report: EvaluationReport) -> tuple[str, ...]:
    """Keys of the metrics that people want to know first."""
    return tuple(name for name in FIRST_FIGURES if name in report.metrics)


def further_figures(report: EvaluationReport) -> tuple[str, ...]:
    """Keys of all the others."""
    return tuple(name for name in METRIC_NAMES if name in report.metrics and name not in FIRST_FIGURES)


def figures_in_words(report: EvaluationReport, names: Sequence[str]) -> str:
    """The metrics called `names` with their 95 % intervals: `Accuracy 92 % (88–95 %)   mAP …`."""
    words = [f"{METRIC_NAMES[name][0]} {_interval(report.metrics[name], METRIC_NAMES[name][1])}" for name in names]
    # A line breaks between two metrics, never within one.
    return "   ".join(one.replace(" ", "\N{NO-BREAK SPACE}") for one in words)


def meanings(names: Sequence[str]) -> str:
    """A line for each of the metrics `names`: what it says."""
    lines = [f"{METRIC_NAMES[name][0]}: {METRIC_NAMES[name][2]}." for name in names]
    interval = "In brackets the 95 % interval, over the held-out clips; that of the accuracy is exact."
    return "\n".join([*lines, interval, "Without brackets: the clips are too few to tell how far it would swing."])


def clip_path(report: EvaluationReport, clip: ClipResult) -> Path:
    """Where a clip lies: as written, or below the data."""
    path = Path(clip.path)
    return path if path.is_absolute() else Path(report.data) / path


def clips_of(report: EvaluationReport, truth: int, predicted: int) -> list[ClipResult]:
    """The clips of one cell of the confusion matrix, the surest first."""
    clips = [clip for clip in report.clips if truth in clip.truth and clip.predicted == predicted]
    return sorted(clips, key=lambda clip: -clip.score)


def _interval(measured: Measured, is_share: bool) -> str:
    """No brackets where the bootstrap knows no interval: every draw of these clips gave the same figure."""
    if not is_share:
        value, low, high = (f"{one:.2f}" for one in measured.figures)
        return value if low == value == high else f"{value} ({low}–{high})"
    value, low, high = (round(100 * one) for one in measured.figures)
    shown = formatting.percent(measured.value)
    return shown if low == value == high else f"{shown} ({low}–{high}{formatting.THIN}%)"
