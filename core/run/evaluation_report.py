"""How a model did on held-out clips, clip by clip: written by a run, shown as a confusion matrix that plays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from core.atomic_write import write_whole
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
    """One label on the held-out clips; precision, recall and f1 at `threshold`. 0 where nothing could be counted."""

    label: str
    n_clips: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    threshold: float

    @property
    def figures(self) -> tuple[float, ...]:
        """All numbers of it."""
        return self.n_clips, self.precision, self.recall, self.f1, self.average_precision, self.threshold


@dataclass(frozen=True, slots=True)
class ClipResult:
    """One held-out clip. truth: its labels; predicted: the label with the highest score, `score` its probability;
    truth_score: the highest probability of a true label. Labels are indices into the report's. start_s, end_s: the part
    of the file that the clip is, None for the file's end."""

    path: str
    truth: tuple[int, ...]
    predicted: int
    score: float
    truth_score: float
    start_s: float = 0.0
    end_s: float | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """Of its true labels and of the predicted one, in the report's labels."""
        return (*self.truth, self.predicted)

    @property
    def figures(self) -> tuple[float, ...]:
        """Both probabilities."""
        return self.score, self.truth_score


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """labels: names in the model's order. metrics: accuracy, map, mauc, d_prime, f1, ece, brier. split: which clips,
    in words ("fold 5"). merge: the schedule used, in words."""

    model: str
    data: str
    split: str
    merge: str
    labels: tuple[str, ...]
    metrics: dict[str, Measured]
    classes: tuple[ClassResult, ...]
    clips: tuple[ClipResult, ...]

    def confusion(self) -> list[list[int]]:
        """Counts `[truth][predicted]`; a clip of several labels counts once for each."""
        counts = [[0] * len(self.labels) for _ in self.labels]
        for clip in self.clips:
            for label in clip.truth:
                counts[label][clip.predicted] += 1
        return counts

    def mistakes(self) -> list[ClipResult]:
        """Clips whose highest score is no label of theirs, the surest first."""
        wrong = [clip for clip in self.clips if clip.truth and clip.predicted not in clip.truth]
        return sorted(wrong, key=lambda clip: clip.truth_score - clip.score)

    def to_json(self) -> str:
        """One JSON object."""
        return json_text(asdict(self))

    def save(self, path: Path) -> None:
        """Write the report whole or not at all."""
        write_whole(path, self.to_json().encode())

    @classmethod
    def load(cls, path: Path) -> EvaluationReport:
        """Read a saved report. Raises UserError."""
        try:
            raw = parse_json(path.read_text(encoding="utf-8"))
            raw["labels"] = tuple(map(str, raw["labels"]))
            raw["metrics"] = {name: Measured(**one) for name, one in raw["metrics"].items()}
            raw["classes"] = tuple(ClassResult(**one) for one in raw["classes"])
            raw["clips"] = tuple(ClipResult(**{**one, "truth": tuple(one["truth"])}) for one in raw["clips"])
            report = cls(**raw)
            report.refuse_nonsense()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise UserError(f"The evaluation {path.name} cannot be read.", "Evaluate the model again.") from error
        return report

    def refuse_nonsense(self) -> None:
        """Raises ValueError for what no evaluation says: places of labels that there are not, figures without bounds;
        UserError for more labels than a matrix of all pairs of them has room for."""
        n_labels, known = len(self.labels), set(self.labels)
        if n_labels > MOST_LABELS:
            problem = f"The evaluation has {n_labels} classes; up to {MOST_LABELS} can be shown."
            raise UserError(problem, "Evaluate the model on clips of fewer classes.")
        if not all(isinstance(one, str) for one in (self.model, self.data, self.split, self.merge)):
            raise ValueError("words that are no text")
        if not all(type(place) is int and 0 <= place < n_labels for one in self.clips for place in one.places):
            raise ValueError("labels that there are not")
        figures = (figure for one in (*self.metrics.values(), *self.classes, *self.clips) for figure in one.figures)
        if not all(type(figure) in (int, float) and abs(figure) <= _LARGEST_FIGURE for figure in figures):
            raise ValueError("figures that are no numbers")
        if not all(isinstance(one.label, str) and one.label in known for one in self.classes):
            raise ValueError("classes that are no labels")
        if not all(isinstance(one.path, str) for one in self.clips):
            raise ValueError("clips without a path")
