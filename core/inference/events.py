"""Turns rows of probabilities into events with onset and offset: of a whole curve, or row by row while listening."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from core.bounds import check_number
from core.errors import UserError
from core.inference.frame_rows import ROW_S
from core.inference.results import EventChange, FrameScores
from core.label_tree import label_tree
from core.labels import LabelSet

DETECTED_FROM, LASTS_FROM = 0.5, 0.25
"""The two thresholds of a frame head that brings none of its own."""
COVERED_SHARE = 0.5
"""An event of a file is left out if more specific ones cover this much of it."""
_CLOSE_S = 1e-6
"""Moments closer than this are the same: far below a frame, far above what sums of hops round to."""


@dataclass(frozen=True, slots=True)
class Event:
    """One label from onset to offset, seconds since the stream began; peak: its highest probability."""

    label: int
    onset_s: float
    offset_s: float
    peak: float


@dataclass(frozen=True, slots=True)
class EventRules:
    """When a curve of probabilities is an event.

    Two thresholds a label (hysteresis), so that a score that flickers around one of them is a single event: an event
    must reach the first, and begins and ends where the curve crosses the second.
    """

    starts_from: NDArray[np.float32]
    """`(labels,)`: the probability that an event must reach."""
    lasts_from: NDArray[np.float32]
    """`(labels,)`: an event lasts while the curve is not below this; at most `starts_from`."""
    shortest_s: float = 0.0
    """Shorter events are left out; the length is that of the curve, with `held_s`."""
    joined_s: float = 0.0
    """Events of a label with at most this much between them are one."""
    held_s: float = 0.0
    """How long a curve stays high after its sound, because each value is a maximum over the last moments: offsets are
    dated back by it."""

    def __post_init__(self) -> None:
        if self.starts_from.ndim != 1 or self.starts_from.shape != self.lasts_from.shape:
            raise ValueError("There must be two thresholds a label.")
        if not (self.lasts_from <= self.starts_from).all():
            raise UserError("An event would begin below where it ends.", "Use a second threshold below the first.")
        for name in ("shortest_s", "joined_s", "held_s"):
            check_number(name, getattr(self, name), 0.0, 60.0)


def rules_for_rows(n_labels: int) -> EventRules:
    """The rules for rows of a frame head that brings no thresholds of its own."""
    return EventRules(np.full(n_labels, DETECTED_FROM, np.float32), np.full(n_labels, LASTS_FROM, np.float32))


def find_events(
    probabilities: NDArray[np.float32], starts_s: NDArray[np.float64], stops_s: NDArray[np.float64], rules: EventRules
) -> list[Event]:
    """The events of a whole curve, by onset and then by label.

    probabilities: `(n, labels)`; row i covers `starts_s[i]` to `stops_s[i]`, in order. Rows that do not touch have a
    gap in the sound between them, which ends every event.
    """
    after_gap = np.flatnonzero(starts_s[1:] > stops_s[:-1] + _CLOSE_S) + 1
    edges = [0, *after_gap.tolist(), len(starts_s)]
    events: list[Event] = []
    for first, last in pairwise(edges):
        part = slice(first, last)
        for label in np.flatnonzero((probabilities[part] >= rules.starts_from).any(axis=0)):
            events += _events_of(int(label), probabilities[part, label], starts_s[part], stops_s[part], rules)
    return sorted(events, key=lambda event: (event.onset_s, event.label))


def _events_of(
    label: int,
    curve: NDArray[np.float32],
    starts_s: NDArray[np.float64],
    stops_s: NDArray[np.float64],
    rules: EventRules,
) -> list[Event]:
    """The events of one label in a stretch without gaps; `curve` `(n,)`."""
    steps = np.diff(np.concatenate([[0], (curve >= rules.lasts_from[label]).astype(np.int8), [0]]))
    firsts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    apart = starts_s[firsts[1:]] - stops_s[ends[:-1] - 1] > rules.joined_s + _CLOSE_S
    firsts, ends = firsts[np.concatenate([[True], apart])], ends[np.concatenate([apart, [True]])]
    events: list[Event] = []
    for first, end in zip(firsts, ends, strict=True):
        peak, onset_s, stop_s = float(curve[first:end].max()), float(starts_s[first]), float(stops_s[end - 1])
        if peak >= rules.starts_from[label] and stop_s - onset_s >= rules.shortest_s - _CLOSE_S:
            is_cut_off = end == len(curve)
            events.append(_event(label, onset_s, stop_s, peak, 0.0 if is_cut_off else rules.held_s))
    return events


def _event(label: int, onset_s: float, stop_s: float, peak: float, held_s: float) -> Event:
    """held_s: 0 for an event that the end of the sound has cut off."""
    offset_s = stop_s - min(held_s, (stop_s - onset_s) / 2)
    return Event(label, round(onset_s, 3), round(offset_s, 3), peak)


class EventTracker:
    """Finds the events of `find_events` row by row, and reports each as soon as it has begun and as it has ended.

    An event is reported as started with the row in which it has reached its threshold and its shortest length: later
    rows cannot undo it, and its onset does not move. Events are numbered in the order in which they are reported.
    """

    def __init__(self, rules: EventRules, first_id: int = 1) -> None:
        n_labels = len(rules.starts_from)
        self._rules = rules
        self._onsets_s = np.full(n_labels, np.nan)
        self._stops_s = np.zeros(n_labels)
        self._helds_s = np.zeros(n_labels)
        """How long the newest row that lasted stays high after its sound."""
        self._peaks = np.zeros(n_labels, np.float32)
        self._ids = np.zeros(n_labels, np.int64)
        """Of the events reported as started; else 0."""
        self.next_id = first_id
        """The number of the next event."""
        self.heard_s = 0.0
        """The end of the newest row."""

    def push(self, scores: FrameScores) -> list[EventChange]:
        """What rows of 100 ms change, in order; rows may be missing, where the sound has a gap."""
        changes: list[EventChange] = []
        for centre_s, row in zip(scores.times_s, scores.probabilities, strict=True):
            start_s = round(float(centre_s) - ROW_S / 2, 3)
            changes += self.push_row(row, start_s, round(start_s + ROW_S, 3))
        return changes

    def push_row(self, row: NDArray[np.float32], start_s: float, stop_s: float) -> list[EventChange]:
        """What one row `(labels,)` from `start_s` to `stop_s` changes: events that end, then those that begin."""
        has_gap = start_s > self.heard_s + _CLOSE_S
        before_gap = self._end(self._is_open, self.heard_s, stop_s) if has_gap else []
        self.heard_s = stop_s
        lasts = row >= self._rules.lasts_from
        over = self._is_open & ~lasts & (stop_s - self._stops_s > self._rules.joined_s + _CLOSE_S)
        ended = self._end(over, None, stop_s)
        self._onsets_s[lasts & ~self._is_open] = start_s
        self._stops_s[lasts], self._helds_s[lasts] = stop_s, self._rules.held_s
        self._peaks[lasts] = np.maximum(self._peaks[lasts], row[lasts])
        return before_gap + ended + self._begin(lasts, stop_s)

    def use_rules(self, rules: EventRules) -> None:
        """Follow other rules from the next row on; events that are open stay open. Raises ValueError for rules of
        another number of labels."""
        if rules.starts_from.shape != self._rules.starts_from.shape:
            raise ValueError("The rules are of another number of labels.")
        self._rules = rules

    def finish(self) -> list[EventChange]:
        """Ends the events that the end of the stream cuts off; resets the tracker."""
        return self._end(self._is_open, self.heard_s, self.heard_s)

    @property
    def _is_open(self) -> NDArray[np.bool_]:
        return ~np.isnan(self._onsets_s)

    def _begin(self, lasts: NDArray[np.bool_], at_s: float) -> list[EventChange]:
        is_long = self._stops_s - self._onsets_s >= self._rules.shortest_s - _CLOSE_S
        begun = lasts & (self._ids == 0) & (self._peaks >= self._rules.starts_from) & is_long
        changes: list[EventChange] = []
        for label in np.flatnonzero(begun).tolist():
            self._ids[label] = self.next_id
            self.next_id += 1
            onset_s = round(float(self._onsets_s[label]), 3)
            changes.append(EventChange(int(self._ids[label]), label, onset_s, float(self._peaks[label]), at_s))
        return changes

    def _end(self, over: NDArray[np.bool_], cut_off_s: float | None, at_s: float) -> list[EventChange]:
        """End the labels in `over`; cut_off_s: where the sound itself ended, if it did."""
        changes: list[EventChange] = []
        for label in np.flatnonzero(over & (self._ids > 0)).tolist():
            stop_s = float(self._stops_s[label])
            is_cut_off = cut_off_s is not None and stop_s > cut_off_s - _CLOSE_S
            held_s = 0.0 if is_cut_off else float(self._helds_s[label])
            event = _event(label, float(self._onsets_s[label]), stop_s, float(self._peaks[label]), held_s)
            changes.append(
                EventChange(int(self._ids[label]), label, event.onset_s, event.peak, at_s, offset_s=event.offset_s)
            )
        self._onsets_s[over], self._peaks[over], self._ids[over] = np.nan, 0.0, 0
        return changes


def ended_events(changes: list[EventChange]) -> list[Event]:
    """The events among the changes that have ended."""
    return [
        Event(change.label, change.onset_s, change.offset_s, change.peak)
        for change in changes
        if change.offset_s is not None
    ]


class SpecificEvents:
    """The events of one stream that say more than others do; `started` is for listening, `ended` for files.

    Takes every change of the stream, in order, in one of the two ways.
    """

    def __init__(self, labels: LabelSet) -> None:
        implied = label_tree(labels).implied
        self._more_specific = {
            label: frozenset(one for one, above in enumerate(implied) if label in above)
            for label in frozenset[int]().union(*implied)
        }
        self._onsets_s: dict[int, float] = {}
        """Of the events that last, by label."""
        self._past: dict[int, list[tuple[float, float]]] = {}
        """Onset and offset of events that are over, by label; only of those that can still cover one that lasts."""
        self._left_out = set[int]()
        """Events that last and whose start was left out."""

    def started(self, changes: Sequence[EventChange]) -> list[EventChange]:
        """The changes without the events that began while a more specific one lasted, or with it. What has been shown
        to begin is shown to end, whatever begins later."""
        kept: list[EventChange] = []
        for _, moment in groupby(changes, key=lambda change: change.at_s):
            together = list(moment)
            self._follow(together)
            self._left_out |= {change.id for change in together if self._is_left_out_at_start(change)}
            kept += [change for change in together if change.id not in self._left_out]
            self._left_out -= {change.id for change in together if change.offset_s is not None}
        return kept

    def ended(self, changes: Iterable[EventChange]) -> list[EventChange]:
        """The events that have ended, without those that more specific ones cover by half or more."""
        kept: list[EventChange] = []
        for change in changes:
            if change.offset_s is not None and not self._is_covered(change, change.offset_s):
                kept.append(change)
            self._follow([change])
        return kept

    def _follow(self, changes: Sequence[EventChange]) -> None:
        for change in changes:
            if change.offset_s is None:
                self._onsets_s[change.label] = change.onset_s
            else:
                self._onsets_s.pop(change.label, None)
                self._past.setdefault(change.label, []).append((change.onset_s, change.offset_s))
        oldest_s = min(self._onsets_s.values(), default=float("inf"))
        for label, spans in list(self._past.items()):
            self._past[label] = [span for span in spans if span[1] > oldest_s]

    def _is_left_out_at_start(self, change: EventChange) -> bool:
        return change.offset_s is None and not self._onsets_s.keys().isdisjoint(
            self._more_specific.get(change.label, frozenset())
        )

    def _is_covered(self, change: EventChange, offset_s: float) -> bool:
        spans = [
            span
            for label in self._more_specific.get(change.label, ())
            for span in (*self._past.get(label, ()), *((start, offset_s) for start in self._lasting_since(label)))
        ]
        covered_s = _covered(spans, change.onset_s, offset_s)
        return bool(spans) and covered_s >= COVERED_SHARE * (offset_s - change.onset_s)

    def _lasting_since(self, label: int) -> tuple[float, ...]:
        return (self._onsets_s[label],) if label in self._onsets_s else ()


def _covered(spans: Sequence[tuple[float, float]], onset_s: float, offset_s: float) -> float:
    """How many of the seconds from onset to offset lie in any of the spans."""
    covered_s, end_s = 0.0, onset_s
    for start_s, stop_s in sorted(spans):
        covered_s += max(0.0, min(stop_s, offset_s) - max(start_s, end_s))
        end_s = max(end_s, stop_s)
    return covered_s
