"""An event store in memory, by lists and loops, to compare the stored one with. No test by itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from core.heard.event import EventQuery, HeardEvent
from core.heard.folding import folded
from tests.core.heard.made_events import START_AT, heard

LABELS = ("Dog", "Dög", "dog bark", "Rain", "Speech")
SESSIONS = ("a1", "b2")
INPUTS = ("USB microphone", "Built-in")
NOTES = ("", "the neighbour's dog", "RAIN?", "usb hum")


class Store(Protocol):
    """What both stores can do."""

    def begin(self, event: HeardEvent) -> int: ...
    def end(self, event_id: int, offset_s: float, offset_at: float, peak: float) -> None: ...
    def add(self, events: Sequence[HeardEvent]) -> list[int]: ...
    def change(self, event_ids: Sequence[int], *, note: str | None = None, is_starred: bool | None = None) -> None: ...
    def delete(self, event_ids: Sequence[int]) -> None: ...
    def delete_all(self) -> None: ...


class MemoryStore:
    """The events by id."""

    def __init__(self) -> None:
        self.by_id: dict[int, HeardEvent] = {}
        self._heard_until: dict[str, float] = {}
        self._last_id = 0

    def begin(self, event: HeardEvent) -> int:
        return self.add([event])[0]

    def end(self, event_id: int, offset_s: float, offset_at: float, peak: float) -> None:
        if event_id in self.by_id:
            event = self.by_id[event_id]
            self._put(replace(event, offset_s=max(event.onset_s, offset_s), offset_at=offset_at, peak=peak))

    def add(self, events: Sequence[HeardEvent]) -> list[int]:
        ids = list(range(self._last_id + 1, self._last_id + 1 + len(events)))
        for event_id, event in zip(ids, events, strict=True):
            self._put(replace(event, id=event_id))
        self._last_id += len(events)
        return ids

    def change(self, event_ids: Sequence[int], *, note: str | None = None, is_starred: bool | None = None) -> None:
        for event_id in event_ids:
            event = self.by_id.get(event_id)
            if event is not None and note is not None:
                event = replace(event, note=note)
            if event is not None and is_starred is not None:
                event = replace(event, is_starred=is_starred)
            if event is not None:
                self.by_id[event_id] = event

    def delete(self, event_ids: Sequence[int]) -> None:
        for event_id in event_ids:
            self.by_id.pop(event_id, None)

    def delete_all(self) -> None:
        self.by_id.clear()
        self._heard_until.clear()

    def end_left_open(self) -> None:
        """What the next start does with the events of a killed process."""
        for event in list(self.by_id.values()):
            if event.offset_s is None:
                length_s = max(0.0, self._heard_until[event.session] - event.onset_at)
                ended = replace(event, offset_s=event.onset_s + length_s, offset_at=event.onset_at + length_s)
                self.by_id[event.id] = ended

    def found(self, query: EventQuery) -> list[HeardEvent]:
        """All events of a query, in its order."""
        events = [event for event in self.by_id.values() if _is_wanted(event, query)]
        return sorted(events, key=lambda event: _place(event, query.sort), reverse=query.is_descending)

    def _put(self, event: HeardEvent) -> None:
        self.by_id[event.id] = event
        until = event.onset_at if event.offset_at is None else event.offset_at
        self._heard_until[event.session] = max(until, self._heard_until.get(event.session, until))


def _is_wanted(event: HeardEvent, query: EventQuery) -> bool:
    return (
        (not query.labels or event.label_id in query.labels)
        and (query.since is None or event.onset_at >= query.since)
        and (query.until is None or event.onset_at < query.until)
        and any(folded(query.text) in folded(text) for text in (event.label, event.note, event.input))
        and event.kind in query.kinds
        and query.session in (None, event.session)
        and event.peak >= query.least_peak
        and query.is_starred in (None, event.is_starred)
    )


def _place(event: HeardEvent, sort: str) -> tuple[str | float, ...]:
    label = (folded(event.label), event.label, event.label_id, event.onset_at, event.id)
    keys = {"time": (event.onset_at, event.id), "length": (event.length_s, event.id), "peak": (event.peak, event.id)}
    return {**keys, "label": label}[sort]


def random_events(rng: random.Random, n_events: int) -> list[HeardEvent]:
    """Events that differ in all that a query looks at, and agree in some."""
    return [
        heard(
            rng.randrange(40) / 2,
            rng.choice((None, 0.0, 0.5, 1.0, 8.0)),
            rng.choice(LABELS),
            session=rng.choice(SESSIONS),
            input=rng.choice(INPUTS),
            kind=rng.choice(("event", "event", "near_miss")),
            peak=rng.randrange(9) / 8,
            note=rng.choice(NOTES),
            is_starred=rng.random() < 0.2,
        )
        for _ in range(n_events)
    ]


def do_something(rng: random.Random, store: Store, newest: int) -> int:
    """One random operation, the same for the same state of `rng`; the newest id after it. newest: the one before it."""
    some = [rng.randint(1, newest + 1) for _ in range(3)]
    what = rng.randrange(12)
    if what < 5:
        return max(newest, *store.add(random_events(rng, rng.randint(1, 6))))
    if what < 7:
        return store.begin(heard(rng.randrange(40) / 2, None, rng.choice(LABELS), session=rng.choice(SESSIONS)))
    if what < 9:
        offset_s = rng.randrange(80) / 2
        store.end(some[0], offset_s, START_AT + offset_s, rng.randrange(9) / 8)
    elif what < 11:
        store.change(some, note=rng.choice(NOTES), is_starred=rng.choice((None, True, False)))
    elif rng.random() < 0.9:
        store.delete(some)
    else:
        store.delete_all()
    return newest
