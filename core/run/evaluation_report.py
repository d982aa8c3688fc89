"""Describes how a model did on held-out clips, clip by clip.

Written by a training run or `soundmark evaluate`, shown by the window.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.atomic_write import atomic_write
from core.errors import UserError
from core.file_names import json_text
from core.foreign_text import parse_json

MOST_LABELS = 5000
_LARGEST_FIGURE = 1e9


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval over clips."""

    value: float
    low: float
    high: float

    @property
    def figures(self) -> tuple[float, ...]:
        """All three."""
        return self.value, self.low, self.high


@dataclass(frozen=True, slots=True)
class ClassResult:
    """How a label did on the held-out clips; 0 where nothing could be counted."""

    label: str
    """Its name."""
    n_clips: int
    """Clips that have it."""
    precision: float
    """At the threshold."""
    recall: float
    """At the threshold."""
    f1: float
    """At the threshold."""
    average_precision: float
    """Over all thresholds."""
    threshold: float
    """The probability from which the label counts as present."""

    @property
    def figures(self) -> tuple[float, ...]:
        """All its numbers."""
        return self.n_clips, self.precision, self.recall, self.f1, self.average_precision, self.threshold


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What the model said of a held-out clip. Labels are indices into the report's."""

    path: str
    """The file: absolute, or below the data."""
    truth: tuple[int, ...]
    """Its true labels."""
    predicted: int
    """The label with the highest probability."""
    score: float
    """That probability."""
    truth_score: float
    """The highest probability of a true label."""
    start_s: float = 0.0
    """Where the clip starts in the file."""
    end_s: float | None = None
    """Where it ends; None for the file's end."""

    @property
    def places(self) -> tuple[int, ...]:
        """Indices of its true labels and of the predicted one."""
        return (*self.truth, self.predicted)

    @property
    def figures(self) -> tuple[float, ...]:
        """Both probabilities."""
        return self.score, self.truth_score


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """How a model did on held-out clips."""

    model: str
    """Its name; of an ensemble, all names."""
    data: str
    """The data set's name."""
    split: str
    """Which clips, for people: "fold 5"."""
    merge: str
    """How tokens were merged, for people."""
    labels: tuple[str, ...]
    """Names in the model's order."""
    metrics: dict[str, Measured]
    """By the names of METRIC_NAMES."""
    classes: tuple[ClassResult, ...]
    """One row per label, in order."""
    clips: tuple[ClipResult, ...]
    """One row per clip."""

    def confusion(self) -> list[list[int]]:
        """Count clips as `[truth][predicted]`; a clip of several labels counts once for each."""
        counts = [[0] * len(self.labels) for _ in self.labels]
        for clip in self.clips:
            for label in clip.truth:
                counts[label][clip.predicted] += 1
        return counts

    def mistakes(self) -> list[ClipResult]:
        """List clips whose highest score is none of their labels, the most confident first."""
        wrong = [clip for clip in self.clips if clip.truth and clip.predicted not in clip.truth]
        return sorted(wrong, key=lambda clip: clip.truth_score - clip.score)

    def to_json(self) -> str:
        """Write one JSON object."""
        return json_text(asdict(self))

    def save(self, path: Path) -> None:
        """Write the report whole or not at all."""
        atomic_write(path, self.to_json().encode())

    @classmethod
    def load(cls, path: Path) -> EvaluationReport:
        """Read a saved report. Raises UserError."""
        try:
            raw = parse_json(path.read_text(encoding="utf-8"))
            raw["labels"] = tuple(map(str, raw["labels"]))
            raw["metrics"] = {name: Measured(**measured) for name, measured in raw["metrics"].items()}
            raw["classes"] = tuple(ClassResult(**result) for result in raw["classes"])
            raw["clips"] = tuple(_clip(row) for row in raw["clips"])
            report = cls(**raw)
            report.validate()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise UserError(f"The evaluation {path.name} cannot be read.", "Evaluate the model again.") from error
        return report

    def validate(self) -> None:
        """Raises ValueError for what no evaluation writes: unknown labels, figures without bounds; UserError for more
        labels than a matrix of all pairs can show."""
        n_labels, known = len(self.labels), set(self.labels)
        if n_labels > MOST_LABELS:
            problem = f"The evaluation has {n_labels} classes; up to {MOST_LABELS} can be shown."
            raise UserError(problem, "Evaluate the model on clips of fewer classes.")
        if not _are_text(self.model, self.data, self.split, self.merge):
            raise ValueError("names that are not text")
        if not all(type(place) is int and 0 <= place < n_labels for clip in self.clips for place in clip.places):
            raise ValueError("unknown labels")
        figures = (figure for row in (*self.metrics.values(), *self.classes, *self.clips) for figure in row.figures)
        if not all(type(figure) in (int, float) and abs(figure) <= _LARGEST_FIGURE for figure in figures):
            raise ValueError("figures that are not numbers")
        if not all(_are_text(result.label) and result.label in known for result in self.classes):
            raise ValueError("classes that are not labels")
        if not _are_text(*(clip.path for clip in self.clips)):
            raise ValueError("clips without a path")


def _clip(row: dict[str, Any]) -> ClipResult:
    fields: dict[str, Any] = {**row, "truth": tuple(row["truth"])}
    return ClipResult(**fields)


def _are_text(*values: object) -> bool:
    """Whether a file really had text where the fields promise it."""
    return all(isinstance(value, str) for value in values)
