"""The events of a timeline, of every model that heard them: found by their time, in any part of hours of sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inference.results import EventChange
from core.labels import LabelSet


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One label from onset to offset, as its model called it."""

    label_id: str
    """The id of the label."""
    name: str
    """The label's name."""
    onset_s: float
    """Where it begins, in seconds of the timeline."""
    offset_s: float | None
    """Where it ends; None while it lasts."""
    peak: float = 0.0
    """Its highest probability; 0 where nobody knows it, as in a label file."""
    model: str = ""
    """The model that heard it, or the file that says so."""
    low_hz: float | None = None
    """The lowest frequency of its box; None: all frequencies."""
    high_hz: float | None = None
    """The highest frequency of its box; None: all frequencies."""
    is_implied: bool = False
    """In a file: more specific events cover half of it or more."""


class EventHistory:
    """The events of a timeline, in the order in which they ended. A label has one open event at a time."""

    def __init__(self) -> None:
        self._ended: list[TimelineEvent] = []
        # Onset and offset of each ended event, and whether more specific ones cover it; longer than the list.
        self._times_s = np.zeros((64, 3))
        self._open: dict[str, TimelineEvent] = {}
        self.generation = 0
        """Changes with every change."""

    def __len__(self) -> int:
        return len(self._ended) + len(self._open)

    def follow(self, change: EventChange, labels: LabelSet, model: str) -> None:
        """Take over that an event of a model has begun or ended. labels: those of the model."""
        label = labels[change.label]
        event = TimelineEvent(label.id, label.name, change.onset_s, change.offset_s, change.peak, model)
        if event.offset_s is None:
            self._open[event.label_id] = event
            self.generation += 1
        else:
            self.add((event,))

    def add(self, events: Iterable[TimelineEvent]) -> None:
        """Add events that have ended."""
        for event in events:
            assert event.offset_s is not None, "an open event comes by a change"
            self._open.pop(event.label_id, None)
            if len(self._ended) == len(self._times_s):
                self._times_s = np.concatenate([self._times_s, np.zeros_like(self._times_s)])
            self._times_s[len(self._ended)] = event.onset_s, event.offset_s, event.is_implied
            self._ended.append(event)
        self.generation += 1

    def between(self, start_s: float, stop_s: float) -> list[TimelineEvent]:
        """The events that touch a range of time, both ends included, those that last at the end."""
        ended = [self._ended[place] for place in np.flatnonzero(self._touching(start_s, stop_s)).tolist()]
        return ended + [event for event in self._open.values() if event.onset_s <= stop_s]

    def longest_between(
        self, start_s: float, stop_s: float, most: int, *, with_implied: bool = True
    ) -> list[TimelineEvent]:
        """The events that touch a range of time, but of those that have ended only the longest, at most so many; in no
        order. with_implied: also those that more specific ones cover."""
        times_s = self._times_s[: len(self._ended)]
        places = np.flatnonzero(self._touching(start_s, stop_s) & (with_implied | (times_s[:, 2] == 0)))
        if len(places) > most:
            lengths_s = times_s[places, 1] - times_s[places, 0]
            places = places[np.argpartition(lengths_s, -most)[-most:]]
        ended = [self._ended[place] for place in places.tolist()]
        return ended + [event for event in self._open.values() if event.onset_s <= stop_s]

    @property
    def now(self) -> dict[str, float]:
        """The labels whose event lasts, by id, with its onset in seconds."""
        return {event.label_id: event.onset_s for event in self._open.values()}

    def at(self, time_s: float) -> dict[str, float]:
        """The labels that sounded at a moment, both ends included, by id, with the onset of their event in seconds."""
        return {event.label_id: event.onset_s for event in self.between(time_s, time_s)}

    def remove(self, label_id: str, onset_s: float) -> None:
        """Remove an event that has ended, if it is there."""
        here = np.flatnonzero(self._times_s[: len(self._ended), 0] == onset_s).tolist()
        for place in (place for place in here if self._ended[place].label_id == label_id):
            self._times_s[place : len(self._ended) - 1] = self._times_s[place + 1 : len(self._ended)]
            del self._ended[place]
            self.generation += 1
            return

    def forget_before(self, time_s: float) -> None:
        """Forget the events that ended before a moment."""
        kept = self._times_s[: len(self._ended), 1] >= time_s
        if not kept.all():
            self._ended = [event for event, is_kept in zip(self._ended, kept.tolist(), strict=True) if is_kept]
            self._times_s[: len(self._ended)] = self._times_s[: len(kept)][kept]
            self.generation += 1

    def clear(self) -> None:
        """Forget everything."""
        self._ended.clear()
        self._open.clear()
        self.generation += 1

    def _touching(self, start_s: float, stop_s: float) -> NDArray[np.bool_]:
        times_s = self._times_s[: len(self._ended)]
        return (times_s[:, 0] <= stop_s) & (times_s[:, 1] >= start_s)
