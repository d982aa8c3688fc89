"""Finds events by where a score changes most, so that no threshold moves their edges.

After Ebbers, Germain, Wichern and Le Roux, "Sound Event Bounding Boxes" (arXiv:2406.04212), in its form with change
detection (cSEBBs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bounds import check_number, check_whole
from core.errors import UserError
from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

_SILENT_BELOW = 0.02
"""Scores below this are noise of the network, whose ups and downs are not events."""
_NOT_ZERO = 1e-3
"""Added before two scores are divided."""
_FLAT = 1e-9
"""What counts as no change: more than sums round to. A filter that stays level is on its way to its next extreme."""


@dataclass(frozen=True, slots=True)
class ChangePointRules:
    """Where a score changes, and which changes are of one event. The defaults are those that did best for the starter
    on validation scenes (`benchmarks/event_edges.py`)."""

    half_rows: int = 2
    """An edge is where the mean of that many rows after it differs most from that of as many before it."""
    deepest_dip: float = 1.0
    """Two events are one if the score between them falls by less than this below both."""
    deepest_ratio: float = 2.0
    """And if both are less than this times what it falls to."""
    present_from: float = 0.45
    """The mean score from which an event is reported."""

    def __post_init__(self) -> None:
        check_whole("half_rows", self.half_rows, 1, 100)
        check_number("deepest_dip", self.deepest_dip, 0.0, 1.0)
        check_number("present_from", self.present_from, 0.0, 1.0)
        if not self.deepest_ratio >= 1.0:
            raise UserError(f"deepest_ratio cannot be {self.deepest_ratio}.", "Use 1 or more.")


@dataclass(frozen=True, slots=True)
class Box:
    """An event with its score: label, seconds since the stream began, the score's mean and maximum inside."""

    label: int
    onset_s: float
    offset_s: float
    mean: float
    peak: float


class ChangePoints:
    """Finds events row by row and reports each as soon as nothing later can become part of it.

    present_from: `(labels,)`, the mean from which an event of each label is reported; None for that of the rules.
    """

    def __init__(
        self, n_labels: int, rules: ChangePointRules | None = None, present_from: NDArray[np.float32] | None = None
    ) -> None:
        self._rules = rules or ChangePointRules()
        self._present_from = np.full(n_labels, self._rules.present_from) if present_from is None else present_from
        self._n_labels = n_labels
        self._weights = _step_filter(self._rules.half_rows)
        self.end_s = 0.0
        """Where the newest row ends, seconds since the stream began."""
        self._begin(0.0)

    @property
    def settled_s(self) -> float:
        """No event that is reported later begins or ends before this."""
        open_from = np.minimum(
            np.where(self._parts.is_event, self._parts.start, self._border),
            np.where(self._runs.is_open, self._runs.onset, self._border),
        )
        return round(self._start_s + ROW_S * max(0, int(open_from.min())), 3)

    def push(self, scores: FrameScores) -> list[Box]:
        """The events that rows of 100 ms complete; a gap in the rows completes all events."""
        boxes: list[Box] = []
        for centre_s, row in zip(scores.times_s, scores.probabilities, strict=True):
            start_s = float(centre_s) - ROW_S / 2
            if start_s > self.end_s + ROW_S / 2:
                boxes += self.finish()
                self._begin(start_s)
            self._n_sound += 1
            boxes += self._look(np.where(row < _SILENT_BELOW, 0.0, row))
            self.end_s = start_s + ROW_S
        return boxes

    def finish(self) -> list[Box]:
        """The events that the end of the stream completes; begins again."""
        boxes: list[Box] = []
        for _ in range(self._rules.half_rows + 1):  # silence after the stream, until its end has been looked at
            boxes += self._look(np.zeros(self._n_labels))
        boxes += self._end_events(self._parts.is_event, self._n_sound)
        boxes += self._report(self._runs.is_open)
        self._begin(self.end_s)
        return boxes

    def _begin(self, start_s: float) -> None:
        self._start_s = start_s
        self._n_sound = 0
        """Rows of sound since then; border i is before row i."""
        self._border = -self._rules.half_rows
        """In the middle of the rows: until the first row has reached it, there is silence before the stream."""
        self._rows = np.zeros((2 * self._rules.half_rows, self._n_labels))
        self._step = np.zeros(self._n_labels)
        """The step filter at the border before."""
        self._is_rising = np.zeros(self._n_labels, bool)
        """Whether the filter's last change was upwards."""
        self._parts = _Parts(self._n_labels)
        self._runs = _Runs(self._n_labels)

    def _look(self, row: NDArray[np.float64]) -> list[Box]:
        """Take a row, and tell whether the border before the middle one is an edge."""
        half = self._rules.half_rows
        self._rows = np.concatenate([self._rows[1:], row[None]])
        self._border += 1
        step = self._weights @ self._rows
        rises, falls = step > self._step + _FLAT, step < self._step - _FLAT
        begin, end = falls & self._is_rising & ~self._parts.is_event, rises & ~self._is_rising & self._parts.is_event
        self._step, self._is_rising = step, rises | (self._is_rising & ~falls)
        edge = max(0, self._border - 1)
        boxes = self._end_events(end, edge)
        self._begin_events(begin, edge)
        if 0 < self._border <= self._n_sound:
            self._parts.add(self._rows[half - 1])
        return boxes + self._report(self._runs.is_open & ~self._parts.is_event & ~self._could_join())

    def _begin_events(self, labels: NDArray[np.bool_], edge: int) -> None:
        self._runs.keep_gap(labels, self._parts)
        self._parts.begin(labels, edge, is_event=True)

    def _end_events(self, labels: NDArray[np.bool_], edge: int) -> list[Box]:
        """End the events of `labels` at a border: each joins the one before it, or that one is reported."""
        joins = labels & self._runs.is_open & self._may_join()
        boxes = self._report(labels & self._runs.is_open & ~joins)
        self._runs.join(joins, self._parts, edge)
        self._runs.begin(labels & ~joins, self._parts, edge)
        self._parts.begin(labels, edge, is_event=False)
        return boxes

    def _may_join(self) -> NDArray[np.bool_]:
        """Whether the event that is ending is one with the event before it."""
        gap_low = self._runs.gap_low
        return self._is_shallow(self._runs.last_high, gap_low) & self._is_shallow(self._parts.high, gap_low)

    def _could_join(self) -> NDArray[np.bool_]:
        """Whether a later event may still join the one before the gap that lasts."""
        return self._is_shallow(self._runs.last_high, self._parts.low)

    def _is_shallow(self, high: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[np.bool_]:
        ratio = (high + _NOT_ZERO) / (np.minimum(low, 1.0) + _NOT_ZERO)
        return (high - low < self._rules.deepest_dip) & (ratio < self._rules.deepest_ratio)

    def _report(self, labels: NDArray[np.bool_]) -> list[Box]:
        """Close these labels' events, and return those that are sure enough."""
        runs = self._runs
        boxes: list[Box] = []
        for label in np.flatnonzero(labels).tolist():
            onset, offset = int(runs.onset[label]), int(runs.offset[label])
            mean = float(runs.sum[label]) / max(1, offset - onset)
            if mean >= self._present_from[label]:
                onset_s, offset_s = (round(self._start_s + ROW_S * border, 3) for border in (onset, offset))
                boxes.append(Box(label, onset_s, offset_s, mean, float(runs.high[label])))
        runs.is_open[labels] = False
        return boxes


def _step_filter(half_rows: int) -> NDArray[np.float64]:
    """`(2 * half_rows,)`: the mean of the rows after a border minus that of the rows before. The nearest rows count a
    little more, or a sound shorter than half the filter would have no edge but a plateau."""
    after = np.linspace(1.0, 0.99, half_rows) if half_rows > 1 else np.ones(1)
    return np.concatenate([-after[::-1], after]) / after.sum()


class _Parts:
    """The part of each label that lasts, an event or a gap, with the scores inside."""

    def __init__(self, n_labels: int) -> None:
        self.is_event = np.zeros(n_labels, bool)
        self.start = np.zeros(n_labels, np.int64)
        self.sum, self.high, self.low = np.zeros(n_labels), np.zeros(n_labels), np.full(n_labels, np.inf)

    def begin(self, labels: NDArray[np.bool_], edge: int, *, is_event: bool) -> None:
        self.is_event[labels], self.start[labels] = is_event, edge
        self.sum[labels], self.high[labels], self.low[labels] = 0.0, 0.0, np.inf

    def add(self, row: NDArray[np.float64]) -> None:
        self.sum += row
        np.maximum(self.high, row, out=self.high)
        np.minimum(self.low, row, out=self.low)


class _Runs:
    """The last event of each label, which later ones may still join, and the gap after it."""

    def __init__(self, n_labels: int) -> None:
        self.is_open = np.zeros(n_labels, bool)
        self.onset, self.offset = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
        self.sum, self.high, self.last_high = np.zeros(n_labels), np.zeros(n_labels), np.zeros(n_labels)
        self.gap_sum, self.gap_low, self.gap_high = np.zeros(n_labels), np.zeros(n_labels), np.zeros(n_labels)

    def keep_gap(self, labels: NDArray[np.bool_], gap: _Parts) -> None:
        self.gap_sum[labels], self.gap_low[labels] = gap.sum[labels], gap.low[labels]
        self.gap_high[labels] = gap.high[labels]

    def begin(self, labels: NDArray[np.bool_], event: _Parts, edge: int) -> None:
        self.is_open[labels], self.onset[labels], self.offset[labels] = True, event.start[labels], edge
        self.sum[labels], self.high[labels] = event.sum[labels], event.high[labels]
        self.last_high[labels] = event.high[labels]

    def join(self, labels: NDArray[np.bool_], event: _Parts, edge: int) -> None:
        self.offset[labels] = edge
        self.sum[labels] += self.gap_sum[labels] + event.sum[labels]
        # A short gap, too short for the filter, may hold the highest row of all.
        highest = np.maximum(self.gap_high[labels], event.high[labels])
        self.high[labels] = np.maximum(self.high[labels], highest)
        self.last_high[labels] = event.high[labels]
