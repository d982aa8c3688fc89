"""Two ways from a file's rows to events, with their settings: double thresholds, and change points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np

from benchmarks.listening.score_tables import ScoreTable, table_of_boxes, table_of_curve
from core.inference.edges.change_points import ChangePointRules, ChangePoints
from core.inference.events import EventRules, find_events
from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

_LADDER = np.arange(0.05, 0.96, 0.05).round(2)


class EdgeMethod(Protocol):
    """One way with its settings, apart from the score from which an event is reported."""

    @property
    def kind(self) -> str:
        """The name of the way, without its settings."""
        ...

    def table(self, rows: FrameScores, duration_s: float) -> ScoreTable:
        """The scores of events: an event counts from any threshold below its score."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows as they are: an event lasts while the score reaches one threshold."""

    kind: str = "one threshold"

    def table(self, rows: FrameScores, duration_s: float) -> ScoreTable:
        return table_of_curve(rows.probabilities, rows.times_s - ROW_S / 2, duration_s)


@dataclass(frozen=True, slots=True)
class DoubleThresholds:
    """lasts_share: an event lasts while the score reaches this share of what it has to reach once."""

    lasts_share: float
    joined_s: float = 0.0
    kind: str = "double thresholds"

    def table(self, rows: FrameScores, duration_s: float) -> ScoreTable:
        n_labels = rows.probabilities.shape[1]
        starts_s, stops_s = rows.times_s - ROW_S / 2, rows.times_s + ROW_S / 2
        boxes = []
        for starts_from in _LADDER:
            high = np.full(n_labels, starts_from, np.float32)
            rules = EventRules(high, (high * self.lasts_share).astype(np.float32), joined_s=self.joined_s)
            events = find_events(rows.probabilities, starts_s, stops_s, rules)
            boxes += [(event.label, event.onset_s, event.offset_s, float(starts_from)) for event in events]
        return table_of_boxes(boxes, n_labels, duration_s)


@dataclass(frozen=True, slots=True)
class ChangePointBoxes:
    """rules: but for `present_from`."""

    rules: ChangePointRules
    kind: str = "change points"

    def table(self, rows: FrameScores, duration_s: float) -> ScoreTable:
        n_labels = rows.probabilities.shape[1]
        finder = ChangePoints(n_labels, self.rules, np.zeros(n_labels, np.float32))
        boxes = finder.push(rows) + finder.finish()
        return table_of_boxes([(box.label, box.onset_s, box.offset_s, box.mean) for box in boxes], n_labels, duration_s)


def candidates() -> Iterator[EdgeMethod]:
    """All settings that are tried."""
    yield Rows()
    for share, joined_s in product((0.3, 0.5, 0.7), (0.0, 0.3)):
        yield DoubleThresholds(share, joined_s)
    dips = [(dip, np.inf) for dip in (0.1, 0.15, 0.2, 0.3)] + [(1.0, ratio) for ratio in (1.5, 2.0, 3.0)]
    for half_rows, (dip, ratio) in product((2, 3, 4, 6), dips):
        yield ChangePointBoxes(ChangePointRules(half_rows, dip, ratio))


def joined_rows(parts: Sequence[FrameScores]) -> FrameScores:
    """All rows of a file."""
    return FrameScores(
        np.concatenate([part.probabilities for part in parts]), np.concatenate([part.times_s for part in parts])
    )
