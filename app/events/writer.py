"""Writes events into the store, on one thread; what the disk refuses is kept and tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from core.heard.event import Cursor, EventQuery, HeardEvent, Page

MOST_WAITING = 10_000
"""How many events are kept for a disk that takes none."""


class Store(Protocol):
    """What the window needs of an event store; see `core.heard.store`."""

    @property
    def set_aside(self) -> Path | None: ...
    def begin(self, event: HeardEvent) -> int: ...
    def end(self, event_id: int, offset_s: float, offset_at: float, peak: float) -> None: ...
    def add(self, events: Sequence[HeardEvent]) -> list[int]: ...
    def change(
        self,
        event_ids: Sequence[int],
        *,
        note: str | None = None,
        is_starred: bool | None = None,
        clip: str | None = None,
    ) -> None: ...
    def page(self, query: EventQuery, after: Cursor | None = None, limit: int = 200) -> Page: ...
    def iterate(self, query: EventQuery) -> Iterator[HeardEvent]: ...
    def has(self, event_id: int) -> bool: ...
    def count_up_to(self, query: EventQuery, most: int) -> tuple[int, bool]: ...
    def labels(self, kinds: tuple[str, ...] = ("event",)) -> list[tuple[str, str, int]]: ...
    def put_picture(self, event_id: int, picture: bytes) -> None: ...
    def picture(self, event_id: int) -> bytes | None: ...
    def delete(self, event_ids: Sequence[int]) -> None: ...
    def delete_all(self) -> None: ...
    def close(self) -> None: ...


def key_of(event: HeardEvent) -> Hashable:
    """Says which event it is, before and after it is stored."""
    return event.session, event.label_id, event.onset_s, event.kind


def live_key(session: str, label_id: str, onset_s: float) -> Hashable:
    """The `key_of` an event on the picture."""
    return session, label_id, onset_s, "event"


class EventWriter:
    """Stores events as they begin and end. For one thread; every method raises UserError where the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[Hashable, int] = {}
        """Of the events that are stored while they last."""
        self._waiting: deque[HeardEvent] = deque(maxlen=MOST_WAITING)
        self._ends: dict[Hashable, HeardEvent] = {}
        """Events whose beginning is stored, and whose end is not."""
        self._changes: deque[tuple[Sequence[int], Mapping[str, Any]]] = deque(maxlen=MOST_WAITING)
        """What users say of events, and is not stored."""
        self._stored: list[tuple[HeardEvent, int]] = []
        """What is stored and was not returned, because something after it was refused."""

    def begin(self, event: HeardEvent) -> int:
        """Store an event that lasts; its id."""
        self._ids[key_of(event)] = event_id = self._store.begin(event)
        return event_id

    def begin_again(self, event: HeardEvent) -> list[tuple[HeardEvent, int]]:
        """Store an event that lasts once more where what was stored of it has been deleted; it with its new id."""
        event_id = self._ids.get(key_of(event))
        if event_id is not None and self._store.has(event_id):
            return []
        return [(event, self.begin(event))]

    def change(self, event_ids: Sequence[int], values: Mapping[str, Any]) -> list[tuple[HeardEvent, int]]:
        """Store what a user says of events; what else was refused before, as `add` returns it."""
        self._changes.append((event_ids, values))
        return self.add([])

    def end(self, event: HeardEvent) -> list[tuple[HeardEvent, int]]:
        """Store where an event ended; the events that are stored now, with their ids."""
        if key_of(event) not in self._ids:
            return self.add([event])
        self._ends[key_of(event)] = event
        return self.add([])

    def add(self, events: Sequence[HeardEvent]) -> list[tuple[HeardEvent, int]]:
        """Store events that are over, with what was refused before; each that is stored now, with its id."""
        self._waiting.extend(events)
        for key, event in list(self._ends.items()):
            assert event.offset_s is not None, "an event that has ended"
            assert event.offset_at is not None, "an event that has ended"
            self._store.end(self._ids[key], event.offset_s, event.offset_at, event.peak)
            del self._ends[key]
            self._stored.append((event, self._ids.pop(key)))
        if self._waiting:
            waiting = list(self._waiting)
            self._stored += zip(waiting, self._store.add(waiting), strict=True)
            self._waiting.clear()
        while self._changes:
            event_ids, values = self._changes[0]
            self._store.change(event_ids, **values)
            self._changes.popleft()
        stored, self._stored = self._stored, []
        return stored

    def close(self) -> None:
        """Close the store."""
        self._store.close()
