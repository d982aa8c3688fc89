"""The ways from a file's rows to its events, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.inference.edges.change_points import Box, ChangePoints
from core.inference.events import EventTracker, rules_for_rows
from core.inference.results import EventChange, FrameScores


class EventFinder(Protocol):
    """Finds the events of one file row by row: changes in the order of the stream, each event's start before its end,
    with the same id."""

    def push(self, scores: FrameScores) -> list[EventChange]:
        """What these rows make certain."""
        ...

    def finish(self) -> list[EventChange]:
        """What the end of the file makes certain."""
        ...


class ChangePointEvents:
    """The boxes of change points as events that begin and end. Each is held back until nothing that began before its
    end is open, so that the changes are in order."""

    def __init__(self, n_labels: int) -> None:
        self._finder = ChangePoints(n_labels)
        self._held: list[Box] = []
        self._started: dict[Box, int] = {}
        """Events whose start has been told but not their end, with their ids."""
        self._next_id = 1
        self._heard_s = 0.0

    def push(self, scores: FrameScores) -> list[EventChange]:
        self._held += self._finder.push(scores)
        self._heard_s = self._finder.end_s
        return self._settled(self._finder.settled_s)

    def finish(self) -> list[EventChange]:
        self._held += self._finder.finish()
        return self._settled(float("inf"))

    def _settled(self, until_s: float) -> list[EventChange]:
        """Starts and ends up to a time, in order; of those at the same time the ends come first."""
        starts = [(box.onset_s, 1, box) for box in self._held if box.onset_s <= until_s]
        ends = [(box.offset_s, 0, box) for box in (*self._held, *self._started) if box.offset_s <= until_s]
        self._held = [box for box in self._held if box.onset_s > until_s]
        moments = sorted(starts + ends, key=lambda moment: (*moment[:2], moment[2].label))
        return [self._start(box) if is_start else self._end(box) for _, is_start, box in moments]

    def _start(self, box: Box) -> EventChange:
        self._started[box] = self._next_id
        self._next_id += 1
        return EventChange(self._started[box], box.label, box.onset_s, box.peak, self._heard_s)

    def _end(self, box: Box) -> EventChange:
        return EventChange(self._started.pop(box), box.label, box.onset_s, box.peak, self._heard_s, box.offset_s)


EVENT_FINDERS: dict[str, Callable[[int], EventFinder]] = {
    "change-points": ChangePointEvents,
    "double-thresholds": lambda n_labels: EventTracker(rules_for_rows(n_labels)),
}
"""A finder for so many labels."""

USUAL_EDGES = "double-thresholds"
"""The better of them for the starter on validation scenes, by PSDS1 (docs/results.md)."""
