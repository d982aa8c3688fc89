"""What a tagger shows over time, from its scores or from the events that it reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag on the screen. sense: what its label means. shown_s, gone_s: how much of the scene had been heard when it
    appeared and when it went."""

    sense: str
    shown_s: float
    gone_s: float


@dataclass(frozen=True, slots=True)
class ShownScores:
    """Scores as they came in. probabilities: `(n, labels)`; times_s: `(n,)`, ascending, how much of the scene had been
    heard; senses: what each label means; end_s: when the scene was over."""

    probabilities: NDArray[np.float32]
    times_s: NDArray[np.float64]
    senses: tuple[str, ...]
    end_s: float

    def tags(self, thresholds: float | NDArray[np.float32]) -> list[ShownTag]:
        """What is shown if a label's tag stands as long as its score reaches its threshold, by the time it appears."""
        is_shown = np.pad(self.probabilities >= thresholds, ((1, 1), (0, 0)))
        until_s = np.append(self.times_s, self.end_s)
        tags = []
        for label in np.flatnonzero(is_shown.any(axis=0)):
            turns = np.flatnonzero(np.diff(is_shown[:, label].astype(np.int8)))
            tags += [
                ShownTag(self.senses[int(label)], float(until_s[on]), float(until_s[off]))
                for on, off in zip(turns[::2], turns[1::2], strict=True)
            ]
        return sorted(tags, key=lambda tag: tag.shown_s)

    def of_classes(self, wanted: Sequence[frozenset[str]]) -> NDArray[np.float32]:
        """The highest score of the senses of each wanted class, `(n, classes)`; 0 for a class that no label means."""
        columns = []
        for senses in wanted:
            places = [i for i, sense in enumerate(self.senses) if sense in senses]
            columns.append(self.probabilities[:, places].max(axis=1, initial=0.0))
        return np.stack(columns, axis=1).astype(np.float32)
