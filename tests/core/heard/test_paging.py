"""Pages of the stored events equal those of a store in memory, whichever way they are found."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.heard.event import KINDS, SORTS, Cursor, EventQuery, HeardEvent
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard
from tests.core.heard.memory_store import LABELS, SESSIONS, MemoryStore, do_something

TIMES = st.none() | st.integers(0, 40).map(lambda half: START_AT + half / 2)
QUERIES = st.builds(
    EventQuery,
    labels=st.lists(st.sampled_from([f"id of {label}" for label in (*LABELS, "Cat")]), max_size=3).map(tuple),
    since=TIMES,
    until=TIMES,
    text=st.sampled_from(["", "", "DÖG", "dog", "usb", "rain", "r", "nothing has this"]),
    kinds=st.lists(st.sampled_from(KINDS), unique=True, max_size=2).map(tuple),
    session=st.sampled_from([None, None, *SESSIONS, "unknown"]),
    least_peak=st.sampled_from([0.0, 0.0, 0.5, 1.0]),
    is_starred=st.sampled_from([None, None, True, False]),
    sort=st.sampled_from(SORTS),
    is_descending=st.booleans(),
)


def paged(store: EventStore, query: EventQuery, limit: int) -> list[HeardEvent]:
    found: list[HeardEvent] = []
    cursor: Cursor | None = None
    while True:
        page = store.page(query, cursor, limit)
        assert len(page.events) <= limit
        found += page.events
        if page.cursor is None:
            return found
        assert len(found) < 1000
        cursor = page.cursor


@pytest.mark.parametrize(
    ("few", "most_merged", "most_ids"),
    [(20_000, 60, 10_000), (3, 60, 1), (-1, 60, 10_000), (-1, 0, 0), (3, 1, 10_000), (-1, -1, 1)],
)
@settings(max_examples=40)
@given(seed=st.integers(0, 10**9), queries=st.lists(QUERIES, min_size=4, max_size=8), limit=st.integers(1, 12))
def test_pages_equal_those_of_a_store_in_memory(
    few: int, most_merged: int, most_ids: int, seed: int, queries: list[EventQuery], limit: int
) -> None:
    ours, theirs = random.Random(seed), random.Random(seed)
    memory = MemoryStore()
    with tempfile.TemporaryDirectory() as folder, closing(EventStore(Path(folder) / "events.sqlite")) as store:
        newest = 0
        for _ in range(25):
            in_memory = do_something(theirs, memory, newest)
            newest = do_something(ours, store, newest)
            assert newest == in_memory
        limits = {"sections.FEW": few, "sections._MOST_MERGED": most_merged, "conditions._MOST_IDS": most_ids}
        with ExitStack() as stack:
            for limit_name, value in limits.items():
                stack.enter_context(patch(f"core.heard.{limit_name}", value))
            for query in queries:
                expected = memory.found(query)
                assert paged(store, query, limit) == expected
                assert store.count(query) == len(expected)
                assert store.count_up_to(query, 1000, 60.0) == (len(expected), True)
                number, is_all = store.count_up_to(query, limit, 60.0)
                assert number == len(expected) if is_all else number == limit < len(expected)


def test_labels_count_their_events(tmp_path: Path) -> None:
    ours, theirs, memory, newest = random.Random(3), random.Random(3), MemoryStore(), 0
    with closing(EventStore(tmp_path / "events.sqlite")) as store:
        for _ in range(40):
            do_something(theirs, memory, newest)
            newest = do_something(ours, store, newest)
        expected = Counter((event.label_id, event.label) for event in memory.found(EventQuery()))
        counted = store.labels()

    assert {(label_id, label): n for label_id, label, n in counted} == expected
    assert [label for _, label, _ in counted] == sorted((label for _, label in expected), key=str.casefold)


def test_counting_ends_after_a_while(tmp_path: Path) -> None:
    with closing(EventStore(tmp_path / "events.sqlite")) as store:
        store.add([heard(float(place), 0.5, peak=0.9) for place in range(3000)])
        with patch("core.heard.sections.FEW", -1), patch("core.heard.paging._STEPS", 100):
            number, is_all = store.count_up_to(EventQuery(least_peak=0.5), 10_000, patience_s=0.0)
        assert not is_all
        assert number < 3000
        assert store.count(EventQuery(least_peak=0.5)) == 3000, "the store can be asked on"
