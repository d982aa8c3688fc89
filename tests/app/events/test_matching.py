"""A query means the same in memory and in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.events.matching import matches, sort_key
from core.heard.event import SORTS, EventQuery, HeardEvent
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard

EVENTS = [
    heard(1.0, 2.0, "Dog", peak=0.9, note="Straße"),
    heard(2.0, None, "Rain", peak=0.5),
    heard(3.0, 0.5, "dog", peak=0.7, is_starred=True),
    heard(4.0, 9.0, "Äpfel", peak=0.8, input="Line in", session="b2"),
    replace(heard(5.0, 1.0, "Dog", peak=0.3), kind="near_miss", why="too short"),
]
QUERIES = [
    EventQuery(),
    EventQuery(kinds=("event", "near_miss")),
    EventQuery(labels=("id of Dog",)),
    EventQuery(since=START_AT + 2.0, until=START_AT + 4.0),
    EventQuery(text="STRASSE"),
    EventQuery(text="äpf"),
    EventQuery(text="line"),
    EventQuery(session="b2"),
    EventQuery(least_peak=0.75),
    EventQuery(is_starred=True),
    EventQuery(is_starred=False),
]


@pytest.fixture
def stored(tmp_path: Path) -> tuple[EventStore, list[HeardEvent]]:
    store = EventStore(tmp_path / "events.sqlite")
    ids = store.add(EVENTS)
    return store, [replace(event, id=event_id) for event, event_id in zip(EVENTS, ids, strict=True)]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_both_want_the_same_events(stored: tuple[EventStore, list[HeardEvent]], query: EventQuery) -> None:
    store, events = stored
    found = {event.id for event in store.page(query).events}
    assert found == {event.id for event in events if matches(query, event)}
    store.close()


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("is_descending", [True, False])
def test_both_have_the_same_order(stored: tuple[EventStore, list[HeardEvent]], sort: str, is_descending: bool) -> None:
    store, events = stored
    query = EventQuery(sort=sort, is_descending=is_descending, kinds=("event", "near_miss"))
    wanted = sorted(events, key=lambda event: sort_key(query, event), reverse=is_descending)
    assert [event.id for event in store.page(query).events] == [event.id for event in wanted]
    store.close()
