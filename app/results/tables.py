"""The texts of an evaluation: columns of the tables of classes and clips, and metrics with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.results.clip_player import Clip
from app.style import formatting
from app.widgets.tables import Column
from core.run.evaluation_report import ClassResult, ClipResult, EvaluationReport, Measured
from core.run.metric_names import METRIC_NAMES


def figure_column(title: str, tip: str, field: str, width: int) -> Column:
    """A column of percentages from a ClassResult; without clips only the threshold is known."""

    def text(result: ClassResult) -> str:
        is_known = result.n_clips or field == "threshold"
        return formatting.percent(getattr(result, field)) if is_known else "–"

    return Column(title, tip, lambda result: getattr(result, field), text, width=width)


CLASS_COLUMNS = (
    Column("Class", "The class.", lambda row: row.label.casefold(), lambda row: row.label, is_figure=False),
    Column("Clips", "Held-out clips of this class.", lambda row: row.n_clips, lambda row: str(row.n_clips), width=64),
    figure_column("Precision", "The share of clips predicted as this class that belong to it.", "precision", 90),
    figure_column("Recall", "The share of clips of this class that were found.", "recall", 76),
    figure_column("F1", "The harmonic mean of precision and recall.", "f1", 66),
    figure_column("AP", "Average precision, over all thresholds.", "average_precision", 66),
    figure_column("Threshold", "From this probability on, the class counts as detected.", "threshold", 92),
)


def clip_columns(labels: Sequence[str]) -> tuple[Column, ...]:
    """The columns for ClipResults, whose labels are indices into `labels`."""

    def name(clip: ClipResult) -> str:
        return Clip(Path(clip.path), clip.start_s, clip.end_s).name

    def truth(clip: ClipResult) -> str:
        return ", ".join(labels[label] for label in clip.truth) or "none"

    def predicted(clip: ClipResult) -> str:
        return str(labels[clip.predicted])

    def score(clip: ClipResult) -> str:
        return formatting.percent(clip.score)

    return (
        Column("Clip", "The file.", lambda clip: (clip.path.casefold(), clip.start_s), name, is_figure=False),
        Column("True class", "The class of the clip.", lambda clip: truth(clip).casefold(), truth, False, width=110),
        Column("Predicted", "The class with the highest probability.", predicted, predicted, False, width=110),
        Column("Confidence", "The probability of the predicted class.", lambda clip: clip.score, score, width=88),
    )


def metrics_text(report: EvaluationReport, names: Sequence[str]) -> str:
    """Metrics with their 95 % intervals: `Accuracy 92 % (88–95 %)   mAP …`."""
    metrics = [(METRIC_NAMES[name], report.metrics[name]) for name in names]
    parts = [f"{metric.title} {_interval(measured, metric.is_share)}" for metric, measured in metrics]
    # Lines break between two metrics, never within one.
    return "   ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)


def meanings(names: Sequence[str]) -> str:
    """The explanation of each metric, one a line."""
    lines = [f"{METRIC_NAMES[name].title}: {METRIC_NAMES[name].meaning}." for name in names]
    interval = "In brackets: the 95 % confidence interval over the held-out clips, exact for the accuracy."
    return "\n".join([*lines, interval, "Without brackets: there are too few clips for an interval."])


def clip_of(report: EvaluationReport, result: ClipResult) -> Clip:
    """The clip of a result; relative paths are relative to the folder of the data."""
    path = Path(result.path)
    return Clip(path if path.is_absolute() else Path(report.data) / path, result.start_s, result.end_s)


def clips_of(report: EvaluationReport, truth: int, predicted: int) -> list[ClipResult]:
    """The clips of one cell of the confusion matrix, by falling confidence."""
    clips = [clip for clip in report.clips if truth in clip.truth and clip.predicted == predicted]
    return sorted(clips, key=lambda clip: -clip.score)


def _interval(measured: Measured, is_share: bool) -> str:
    """A value with its interval; no brackets where all bootstrap samples gave the same value."""
    if not is_share:
        value, low, high = (f"{figure:.2f}" for figure in measured.figures)
        return value if low == value == high else f"{value} ({low}–{high})"
    value, low, high = (formatting.whole_percent(figure) for figure in measured.figures)
    shown = formatting.percent(measured.value)
    return shown if low == value == high else f"{shown} ({low}–{high}{formatting.THIN}%)"
