"""The event store: what is stored comes back, in every order, and survives what may happen to its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.heard.event import SORTS, EventQuery
from core.heard.schema import VERSION
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard

BOTH = ("event", "near_miss")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with closing(EventStore(tmp_path / "events.sqlite")) as made:
        yield made


def onsets(store: EventStore, query: EventQuery) -> list[float]:
    return [event.onset_s for event in store.iterate(query)]


def test_an_event_comes_back_as_it_was_stored(store: EventStore) -> None:
    event = heard(3, 1.5, "Bärlauch", why="too short", kind="near_miss", note="n", clip="c.flac", is_starred=True)
    [number] = store.add([event])

    [found] = store.events([number])

    assert found.id == number > 0
    assert replace(found, id=0) == event


def test_text_that_is_not_unicode_comes_back_too(store: EventStore) -> None:
    event = heard(3, clip="/clips/\udce4.wav", input="mic \udcff\x00")

    [found] = store.events(store.add([event]))

    assert (found.clip, found.input) == (event.clip, event.input)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("is_descending", [False, True])
def test_pages_of_any_size_are_the_whole_in_order(store: EventStore, sort: str, is_descending: bool) -> None:
    store.add([heard(i % 7, (1.0, None, 2.0)[i % 3], "abca"[i % 4]) for i in range(20)])
    query = EventQuery(sort=sort, is_descending=is_descending)
    whole = store.page(query, limit=100).events

    page = store.page(query, limit=3)
    pieces = list(page.events)
    while page.cursor is not None:
        page = store.page(query, page.cursor, limit=3)
        pieces += page.events

    assert tuple(pieces) == whole
    assert len(whole) == 20


def test_an_open_event_is_found_and_ends(store: EventStore) -> None:
    number = store.begin(heard(3, None))
    [found] = store.page(EventQuery()).events
    assert (found.id, found.offset_s) == (number, None)

    store.end(number, 7.25, START_AT + 7.25, 0.875)

    [found] = store.page(EventQuery()).events
    assert (found.offset_s, found.offset_at, found.peak) == (7.25, START_AT + 7.25, 0.875)


def test_events_added_between_pages_shift_nothing(store: EventStore) -> None:
    store.add([heard(at) for at in range(10)])
    first = store.page(EventQuery(), limit=5)

    store.add([heard(at) for at in range(10, 20)])

    second = store.page(EventQuery(), first.cursor, limit=5)
    assert [event.onset_s for event in second.events] == [4, 3, 2, 1, 0]


def test_deleted_events_are_gone_with_their_pictures_and_their_ids(store: EventStore) -> None:
    ids = store.add([heard(at) for at in range(3)])
    for number in ids:
        store.put_picture(number, b"png")

    store.delete(ids[1:])

    assert store.picture(ids[0]) == b"png"
    assert store.picture(ids[2]) is None
    assert store.count(EventQuery()) == 1
    assert store.add([heard(9)])[0] > ids[2]
    store.end(ids[2], 5, START_AT + 5, 0.5)  # nobody's event any more
    assert store.count(EventQuery()) == 2


def test_a_file_of_a_newer_version_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    EventStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    content = path.read_bytes()

    with pytest.raises(UserError, match="newer"):
        EventStore(path)

    assert path.read_bytes() == content


def test_pictures_of_the_newest_events_are_kept(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.heard.store.MOST_PICTURES", 2)
    ids = store.add([heard(at) for at in range(4)])

    for number in ids:
        store.put_picture(number, bytes([number]))

    assert [store.picture(number) for number in ids] == [None, None, bytes([ids[2]]), bytes([ids[3]])]
    store.put_picture(ids[3] + 1, b"of nobody")
    assert store.picture(ids[3] + 1) is None


def test_changes_leave_what_they_do_not_name(store: EventStore) -> None:
    ids = store.add([heard(at) for at in range(3)])

    store.change(ids[:2], note="ours", verdict="right")
    store.change(ids[:1], is_starred=True, clip="a.flac")

    found = [(event.note, event.verdict, event.is_starred, event.clip) for event in store.events(ids)]
    assert found == [("ours", "right", True, "a.flac"), ("ours", "right", False, ""), ("", "", False, "")]
