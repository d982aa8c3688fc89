"""Scores without a threshold: PSDS and collar F1 of sed_scores_eval, from curves or boxes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.listening.scenes import PlacedSound
from core.errors import UserError

_PSDS1 = {"dtc_threshold": 0.7, "gtc_threshold": 0.7, "alpha_st": 1.0, "max_efpr": 100.0}
_PSDS2 = {
    "dtc_threshold": 0.1,
    "gtc_threshold": 0.1,
    "cttc_threshold": 0.3,
    "alpha_ct": 0.5,
    "alpha_st": 1.0,
    "max_efpr": 100.0,
}
_COLLAR = {"onset_collar": 0.2, "offset_collar": 0.2, "offset_collar_rate": 0.2}
"""The two PSDS of DCASE's task 4, and its collars: 0.2 s, or a fifth of the length for the offset."""
_LADDER = np.unique(np.r_[0.0, 1 / (1 + np.exp(-np.linspace(-7, 7, 141))), np.arange(1, 20) / 20].round(5))
"""Scores are lowered to the next of these before the library gets them, as it takes hours for thousands of different
ones: no threshold among them counts differently."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """scores: `(n, classes)`, constant from `edges_s[i]` to the next; edges_s: `(n + 1,)`, from 0 to the end."""

    scores: NDArray[np.float32]
    edges_s: NDArray[np.float64]


def table_of_curve(scores: NDArray[np.float32], from_s: NDArray[np.float64], duration_s: float) -> ScoreTable:
    """Scores `(n, classes)`, each from its `from_s` until the next one; 0 before the first."""
    first = np.zeros((1, scores.shape[1]), np.float32)
    inside = (from_s > 0) & (from_s < duration_s)
    return ScoreTable(np.concatenate([first, scores[inside]]), np.r_[0.0, from_s[inside], duration_s])


def table_of_boxes(boxes: Sequence[tuple[int, float, float, float]], n_classes: int, duration_s: float) -> ScoreTable:
    """Boxes `(class, onset_s, offset_s, score)`; the highest counts where they overlap, 0 where there is none."""
    borders = [time_s for _, onset_s, offset_s, _ in boxes for time_s in (onset_s, offset_s)]
    all_borders = np.array([0.0, *borders, duration_s], np.float64)
    edges_s = np.unique(np.round(np.clip(all_borders, 0.0, duration_s), 3))
    scores = np.zeros((len(edges_s) - 1, n_classes), np.float32)
    for label, onset_s, offset_s, score in boxes:
        first, end = np.searchsorted(edges_s, np.round([onset_s, offset_s], 3))
        scores[first:end, label] = np.maximum(scores[first:end, label], score)
    return ScoreTable(scores, edges_s)


class Evaluation:
    """Scenes with what was heard in them; classes that never sounded are left out. Raises UserError without
    sed_scores_eval."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = list(labels)
        self._library = load_sed_scores_eval()
        self._tables: dict[str, ScoreTable] = {}
        self._truth: dict[str, list[tuple[float, float, str]]] = {}

    def add(self, table: ScoreTable, sounds: Sequence[PlacedSound]) -> None:
        """Add one scene; the columns of the table are the labels, in order."""
        name = f"scene{len(self._tables)}"
        self._tables[name] = table
        self._truth[name] = [(sound.onset_s, sound.offset_s, sound.label) for sound in sounds]

    def psds(self) -> dict[str, float]:
        """PSDS1, which wants edges to be right, and PSDS2, which wants classes to be."""
        score = self._library.intersection_based.psds
        scores = self._score_frames()
        durations = {name: float(table.edges_s[-1]) for name, table in self._tables.items()}
        parts = {"psds1": _PSDS1, "psds2": _PSDS2}
        return {
            name: round(float(score(scores, self._truth, durations, **settings)[0]), 4)
            for name, settings in parts.items()
        }

    def collar_f1(self, threshold: float) -> float:
        """F1 of events whose score reaches the threshold, with both edges within the collars, mean over classes."""
        below = threshold - 1e-6  # an event of the library has to be above
        figures: tuple[Mapping[str, float], ...] = self._library.collar_based.fscore(
            self._score_frames(), self._truth, below, **_COLLAR
        )
        return round(float(figures[0]["macro_average"]), 4)

    def _score_frames(self) -> dict[str, Any]:
        make = self._library.base_modules.scores.create_score_dataframe
        sounded = {label for events in self._truth.values() for _, _, label in events}
        places = [i for i, label in enumerate(self._labels) if label in sounded]
        labels = [self._labels[i] for i in places]
        return {
            name: make(_on_ladder(table.scores[:, places]), table.edges_s, labels)
            for name, table in self._tables.items()
        }


def _on_ladder(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    # Half a millionth: 0.35 as a float32 is a little less than 0.35.
    return _LADDER[np.searchsorted(_LADDER, scores + 5e-7, side="right") - 1]


def load_sed_scores_eval() -> Any:
    """The library. Raises UserError that says how to get it."""
    try:
        with warnings.catch_warnings():  # what it imports is written for older Pythons
            warnings.simplefilter("ignore")
            import sed_scores_eval  # pyright: ignore[reportMissingImports]
            import sed_scores_eval.base_modules.scores  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(f"sed_scores_eval cannot be loaded ({error}).", "Run `uv sync --group benchmarks`.") from error
    return sed_scores_eval
