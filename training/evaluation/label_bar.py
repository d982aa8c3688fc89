"""What each label of a model rests on, labelled clips or a teacher alone, and which labels are good enough to ship.

The bar: an average precision of at least 0.4 over at least five held-out labelled clips; for a label that fewer clips
have, of at least 0.5 against the teacher's own decisions on held-out audio, with at least ten windows in which the
teacher hears it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.labels import LabelSet
from training.evaluation.bootstrap import precision_intervals
from training.evaluation.metrics import Scores, Truth, average_precisions

LEAST_CLIPS, LEAST_PRECISION = 5, 0.4
LEAST_WINDOWS, LEAST_AGREEMENT = 10, 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a label rests on."""

    source: Literal["clips", "teacher"]
    """Labelled held-out clips, or what a teacher hears in held-out audio."""
    average_precision: float
    """0 where nothing could be measured."""
    low: float
    """Lower end of its 95 % interval over clips (bootstrap); for a teacher the figure itself."""
    high: float
    """Upper end."""
    n_positive: int
    """Held-out clips with the label, or windows in which the teacher hears it."""
    teacher: str = ""
    """The teacher's name; "" for clips."""

    @property
    def meets_bar(self) -> bool:
        """Whether the label is good enough to ship."""
        if self.source == "clips":
            return self.n_positive >= LEAST_CLIPS and self.average_precision >= LEAST_PRECISION
        return self.n_positive >= LEAST_WINDOWS and self.average_precision >= LEAST_AGREEMENT


@dataclass(frozen=True, slots=True)
class TeacherWindows:
    """Held-out audio in windows, with what the model and its teacher say of each."""

    teacher: str
    """Its name, for the card."""
    scores: Scores
    """The model's probabilities, or logits, `(windows, labels)`."""
    decisions: NDArray[np.bool_]
    """`(windows, labels)`: whether the teacher hears the label, by its own threshold."""
    is_taught: NDArray[np.bool_]
    """`(labels,)`: whether the teacher knows the label."""


def label_evidence(
    clips: tuple[Scores, Truth, NDArray[np.bool_] | None] | None, windows: TeacherWindows | None, n_labels: int
) -> tuple[Evidence | None, ...]:
    """What each label rests on, in their order; None for nothing at all.

    clips: scores, truth and what is unknown of the held-out clips, `(clips, labels)` each; logits are as good as
    probabilities. A label with at least five of them rests on these whatever a teacher says; one with fewer rests on
    the teacher if that knows it.
    """
    of_clips = _evidence_of_clips(*clips) if clips is not None else [None] * n_labels
    of_teacher = _evidence_of_teacher(windows) if windows is not None else [None] * n_labels
    return tuple(
        clip if clip is not None and (clip.n_positive >= LEAST_CLIPS or teacher is None) else teacher
        for clip, teacher in zip(of_clips, of_teacher, strict=True)
    )


def labels_that_meet(evidence: Sequence[Evidence | None]) -> list[int]:
    """The indices of the labels that are good enough to ship."""
    return [index for index, found in enumerate(evidence) if found is not None and found.meets_bar]


def bar_in_words() -> str:
    """For the model card."""
    return (
        "Each label rests on labelled held-out clips (in brackets the 95 % interval of its AP by bootstrap), or on a "
        "teacher alone: then its AP says how well the model agrees with what the teacher hears in held-out audio. "
        f"The bar for a label is an AP of at least {LEAST_PRECISION} over at least {LEAST_CLIPS} held-out labelled "
        f"clips; or, where there are fewer, of at least {LEAST_AGREEMENT} against the teacher's own decisions on "
        f"held-out audio with at least {LEAST_WINDOWS} positive windows."
    )


def evidence_to_dicts(labels: LabelSet, evidence: Sequence[Evidence | None]) -> list[dict[str, Any]]:
    """For a checkpoint's provenance: one JSON object a label, in order."""
    return [{"id": label.id, **(asdict(found) if found else {})} for label, found in zip(labels, evidence, strict=True)]


def _evidence_of_clips(scores: Scores, truth: Truth, unknown: NDArray[np.bool_] | None) -> list[Evidence | None]:
    hidden = np.zeros(truth.shape, bool) if unknown is None else unknown
    # Below everything, a clip of which nothing is known takes no part in the ranking of those with the label.
    ranked = np.where(hidden, scores.min() - 1, scores).astype(np.float32)
    figures, n_positive = average_precisions(ranked, truth), truth.astype(bool).sum(axis=0)
    offsets = precision_intervals(ranked, truth.astype(bool), np.random.default_rng(0))
    ends = np.clip(figures[:, None] + offsets, 0, 1)
    rows = zip(figures.tolist(), ends.tolist(), n_positive.tolist(), strict=True)
    return [
        Evidence("clips", round(figure, 4), round(low, 4), round(high, 4), n) if n else None
        for figure, (low, high), n in rows
    ]


def _evidence_of_teacher(windows: TeacherWindows) -> list[Evidence | None]:
    figures, n_positive = average_precisions(windows.scores, windows.decisions), windows.decisions.sum(axis=0)
    rows = zip(figures.round(4).tolist(), n_positive.tolist(), windows.is_taught.tolist(), strict=True)
    return [
        Evidence("teacher", figure, figure, figure, n, windows.teacher) if is_taught else None
        for figure, n, is_taught in rows
    ]
