"""How a model did on held-out clips, clip by clip: written by a run, shown as a confusion matrix that plays."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import UserError
from core.file_names import json_text

REPORT_NAME = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval over clips."""

    value: float
    low: float
    high: float


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
        new = path.with_suffix(".new")
        new.write_text(self.to_json(), encoding="utf-8")
        os.replace(new, path)

    @classmethod
    def load(cls, path: Path) -> EvaluationReport:
        """Read a saved report. Raises UserError."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            raw["labels"] = tuple(raw["labels"])
            raw["metrics"] = {name: Measured(**one) for name, one in raw["metrics"].items()}
            raw["classes"] = tuple(ClassResult(**one) for one in raw["classes"])
            raw["clips"] = tuple(ClipResult(**{**one, "truth": tuple(one["truth"])}) for one in raw["clips"])
            return cls(**raw)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"The evaluation {path.name} cannot be read.", "Evaluate the model again.") from error
