"""Event stores without a disk: one that keeps what it gets, and one with any number of made rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.events.matching import matches, sort_key
from core.errors import UserError
from core.heard.event import Cursor, EventQuery, HeardEvent, Page
from tests.core.heard.made_events import heard

READ_ONLY = UserError("The disk can only be read.", "Make room, or allow writing.")


class MemoryStore:
    """Keeps events in a list; answers as the store on disk does. No call comes from the GUI thread."""

    def __init__(self, events: Sequence[HeardEvent] = ()) -> None:
        self.events: dict[int, HeardEvent] = {}
        self.pictures: dict[int, bytes] = {}
        self.pages_read = 0
        self.is_read_only = False
        self.is_closed = False
        self.set_aside: Path | None = None
        self._next_id = 1
        self._guard = threading.Lock()
        for event in events:
            self._store(event)

    def begin(self, event: HeardEvent) -> int:
        return self.add([event])[0]

    def end(self, event_id: int, offset_s: float, offset_at: float, peak: float) -> None:
        self._refuse_writing()
        if event_id in self.events:
            self.events[event_id] = replace(self.events[event_id], offset_s=offset_s, offset_at=offset_at, peak=peak)

    def add(self, events: Sequence[HeardEvent]) -> list[int]:
        self._refuse_writing()
        return [self._store(event) for event in events]

    def change(self, event_ids: Sequence[int], **values: Any) -> None:
        self._refuse_writing()
        wanted = {name: value for name, value in values.items() if value is not None}
        for event_id in event_ids:
            self.events[event_id] = replace(self.events[event_id], **wanted)

    def page(self, query: EventQuery, after: Cursor | None = None, limit: int = 200) -> Page:
        refuse_gui_thread()
        self.pages_read += 1
        found = self._found(query)
        if after is not None:
            last = after.keys
            is_later = [(sort_key(query, event) < last) == query.is_descending for event in found]  # type: ignore[operator]
            found = [
                event for event, later in zip(found, is_later, strict=True) if later and sort_key(query, event) != last
            ]
        rows = tuple(found[:limit])
        return Page(rows, Cursor(sort_key(query, rows[-1])) if len(found) > limit else None)  # type: ignore[arg-type]

    def iterate(self, query: EventQuery) -> Iterator[HeardEvent]:
        refuse_gui_thread()
        return iter(self._found(query))

    def has(self, event_id: int) -> bool:
        refuse_gui_thread()
        return event_id in self.events

    def count_up_to(self, query: EventQuery, most: int) -> tuple[int, bool]:
        refuse_gui_thread()
        number = len(self._found(query))
        return min(number, most), number <= most

    def labels(self, kinds: tuple[str, ...] = ("event",)) -> list[tuple[str, str, int]]:
        refuse_gui_thread()
        of_kinds = [event for event in self.events.values() if event.kind in kinds]
        names = {event.label_id: event.label for event in of_kinds}
        return [(one, name, sum(event.label_id == one for event in of_kinds)) for one, name in sorted(names.items())]

    def put_picture(self, event_id: int, picture: bytes) -> None:
        self._refuse_writing()
        self.pictures[event_id] = picture

    def picture(self, event_id: int) -> bytes | None:
        refuse_gui_thread()
        return self.pictures.get(event_id)

    def delete(self, event_ids: Sequence[int]) -> None:
        self._refuse_writing()
        for event_id in event_ids:
            self.events.pop(event_id, None)

    def delete_all(self) -> None:
        self._refuse_writing()
        self.events.clear()
        self.pictures.clear()

    def close(self) -> None:
        self.is_closed = True

    def _found(self, query: EventQuery) -> list[HeardEvent]:
        found = [event for event in self.events.values() if matches(query, event)]
        return sorted(found, key=lambda event: sort_key(query, event), reverse=query.is_descending)

    def _store(self, event: HeardEvent) -> int:
        with self._guard:
            self.events[self._next_id] = replace(event, id=self._next_id)
            self._next_id += 1
            return self._next_id - 1

    def _refuse_writing(self) -> None:
        refuse_gui_thread()
        if self.is_read_only:
            raise READ_ONLY


class ManyRows(MemoryStore):
    """`number` events, one a second, made only where a page asks for them; the newest first."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def page(self, query: EventQuery, after: Cursor | None = None, limit: int = 200) -> Page:
        refuse_gui_thread()
        self.pages_read += 1
        newest = self.number if after is None else int(after.keys[0])
        oldest = max(newest - limit, 0)
        rows = tuple(self.row(place) for place in range(newest - 1, oldest - 1, -1))
        return Page(rows, Cursor((float(oldest),)) if oldest else None)

    def count_up_to(self, query: EventQuery, most: int) -> tuple[int, bool]:
        return min(self.number, most), self.number <= most

    def row(self, place: int) -> HeardEvent:
        return replace(heard(float(place), 0.5, label=("Dog", "Rain", "Siren")[place % 3]), id=place + 1)


def refuse_gui_thread() -> None:
    """The disk may be slow: the window must not wait for it."""
    assert threading.current_thread() is not threading.main_thread(), "the window would hang here"
