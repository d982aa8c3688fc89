"""The event store's benchmark fills a small store, asks every question and finds what it asks for."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import event_store
from core.heard.event import KINDS, Cursor, EventQuery
from core.heard.store import EventStore


def test_a_small_year_is_stored_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.sqlite"
    monkeypatch.setattr("sys.argv", ["event_store.py", "--rows", "3000", "--rounds", "2", "--file", str(file)])

    event_store.main()

    names = list(event_store.questions(random.Random(2)))
    lines = capsys.readouterr().out.splitlines()
    measured = [line for line in lines[2:-1] if not line.startswith("count of ")]
    assert len(measured) == len(names)
    assert len(lines) > len(measured) + 3, "counting is measured too"
    for name, line in zip(names, measured, strict=True):
        assert line.startswith(name)
        assert all(float(ms) >= 0 for ms in line[len(name) :].replace("above the aim", "").split())
    with closing(EventStore(file)) as store:
        assert store.count(EventQuery(kinds=KINDS)) == 3000
        found = [bool(store.page(query, cursor).events) for query, cursor in _asked(store)]
    assert sum(found) > 0.7 * len(found)  # of 3000 events few are rare


def _asked(store: EventStore) -> list[tuple[EventQuery, Cursor | None]]:
    return [ask(store) for ask in event_store.questions(random.Random(2)).values()]
