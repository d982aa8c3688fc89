"""What the disk refuses is written later, in order and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.events.writer import EventWriter, key_of, live_key
from core.errors import UserError
from tests.app.event_fakes import MemoryStore
from tests.core.heard.made_events import heard


def _run(call: object, *arguments: object) -> object:
    """As the program does: not on the thread that draws."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments).result()  # type: ignore[arg-type]


def test_an_event_is_stored_once_though_its_end_was_refused() -> None:
    store = MemoryStore()
    writer = EventWriter(store)
    open_event = heard(1.0, None)
    assert _run(writer.begin, open_event) == 1
    ended = heard(1.0, 2.0)
    store.is_read_only = True
    with pytest.raises(UserError):
        _run(writer.end, ended)
    store.is_read_only = False
    other = heard(9.0)
    assert _run(writer.add, [other]) == [(ended, 1), (other, 2)], "its end is written with the next that can be"
    assert [event.offset_s for event in store.events.values()] == [3.0, 10.0]


def test_what_was_refused_is_stored_with_the_next_that_is_not() -> None:
    store = MemoryStore()
    writer = EventWriter(store)
    store.is_read_only = True
    for onset_s in (1.0, 5.0):
        with pytest.raises(UserError):
            _run(writer.add, [heard(onset_s)])
    store.is_read_only = False
    stored = _run(writer.add, [heard(9.0)])
    assert [(event.onset_s, event_id) for event, event_id in stored] == [(1.0, 1), (5.0, 2), (9.0, 3)]  # type: ignore[attr-defined]
    assert _run(writer.add, []) == []


def test_an_event_keeps_its_key_and_a_near_miss_has_another() -> None:
    event = heard(1.0, None)
    assert key_of(event) == key_of(replace(heard(1.0, 2.0), id=7)) == live_key("a1", event.label_id, 1.0)
    assert key_of(replace(heard(1.0, 2.0), kind="near_miss")) != key_of(event)


def test_what_a_user_says_of_events_is_kept_and_stored_once_the_disk_takes_it() -> None:
    store = MemoryStore([heard(1.0), heard(5.0)])
    writer = EventWriter(store)
    store.is_read_only = True
    for ids, values in (([1], {"note": "next door"}), ([1, 2], {"is_starred": True}), ([1], {"note": "ours"})):
        with pytest.raises(UserError):
            _run(writer.change, ids, values)
    store.is_read_only = False
    assert _run(writer.add, []) == []
    assert [(event.note, event.is_starred) for event in store.events.values()] == [("ours", True), ("", True)]


def test_an_event_that_lasts_while_all_is_deleted_is_stored_again_and_ends_once() -> None:
    store = MemoryStore()
    writer = EventWriter(store)
    event = heard(1.0, None)
    _run(writer.begin, event)
    assert _run(writer.begin_again, event) == [], "it is still there"
    _run(store.delete_all)
    assert _run(writer.begin_again, event) == [(event, 2)]
    _run(writer.end, heard(1.0, 2.0))
    assert [(one, event.offset_s) for one, event in store.events.items()] == [(2, 3.0)]
