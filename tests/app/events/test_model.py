"""The list of events as a model: pages as they are needed, live rows among them, any number of rows without a stall."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.events.matching import comes_before
from app.events.model import EVENT_ROLE, PAGE_ROWS, EventsModel
from app.events.texts import LENGTH, NAME, NOTE, PEAK, STAR, TIME
from app.events.writer import live_key
from core.heard.event import EventQuery, HeardEvent
from core.inference.results import EventChange
from tests.app.event_fakes import ManyRows, MemoryStore
from tests.app.events.conftest import Ears, MakeEars
from tests.core.heard.made_events import heard

TOP = QModelIndex()
LONGEST_CALL_S = 0.25
"""Far above what a call takes, and far below what walking two million rows does."""


def _model(ears: Ears, qtbot: QtBot) -> EventsModel:
    made = EventsModel(ears.collector)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    made.reload()
    qtbot.waitUntil(lambda: not made._is_reading)
    return made


def _labels(model: EventsModel) -> list[str]:
    return [event.label for event in model.rows]


def _is_in_order(model: EventsModel) -> bool:
    return all(
        not comes_before(model.query, below, above) for above, below in zip(model.rows, model.rows[1:], strict=False)
    )


@pytest.mark.parametrize("number", [10_000, 2_000_000])
def test_rows_are_fetched_by_page_however_many_there_are(make_ears: MakeEars, qtbot: QtBot, number: int) -> None:
    store = ManyRows(number)
    ears = make_ears(store)
    began_s = time.perf_counter()
    model = EventsModel(ears.collector)
    model.reload()
    assert time.perf_counter() - began_s < LONGEST_CALL_S
    for pages in range(1, 6):
        qtbot.waitUntil(lambda pages=pages: len(model.rows) == PAGE_ROWS * pages)
        assert model.canFetchMore(TOP)
        began_s = time.perf_counter()
        model.fetchMore(TOP)
        assert not model.canFetchMore(TOP), "one page at a time"
        assert time.perf_counter() - began_s < LONGEST_CALL_S
    qtbot.waitUntil(lambda: len(model.rows) == PAGE_ROWS * 6)
    assert store.pages_read == 6
    assert model.rows[0].onset_s == number - 1
    assert _is_in_order(model)


def test_the_last_page_is_the_last(make_ears: MakeEars, qtbot: QtBot) -> None:
    ears = make_ears(ManyRows(250))
    model = _model(ears, qtbot)
    model.fetchMore(TOP)
    qtbot.waitUntil(lambda: len(model.rows) == 250)
    assert not model.canFetchMore(TOP)


def test_what_begins_stands_on_top_grows_and_stays_when_it_ends(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.event(4, 1.0, 2.0, 1)
    change = ears.begin(2, 4.0, 2)
    assert _labels(model) == ["Siren", "Cow"]
    ears.live.view.last_s = 7.2
    assert model.index(0, LENGTH).data().startswith("3")
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.column()))
    qtbot.waitUntil(lambda: LENGTH in changed)
    ears.hear(replace(change, at_s=8.0, offset_s=7.5, peak=0.77), until_s=8.0)
    assert model.index(0, LENGTH).data().startswith("3.5")
    assert model.index(0, PEAK).data().startswith("77")
    qtbot.waitUntil(lambda: all(event.id for event in model.rows))
    assert _labels(model) == ["Siren", "Cow"], "no row is there twice"


@pytest.mark.parametrize("column", [TIME, LENGTH, NAME, PEAK])
@pytest.mark.parametrize("order", list(Qt.SortOrder))
def test_any_order_holds_for_live_rows_too(make_ears: MakeEars, qtbot: QtBot, column: int, order: Qt.SortOrder) -> None:
    events = [heard(float(i), 0.1 * (i * 7 % 11 + 1), label="CABD"[i % 4], peak=(i * 5 % 9) / 10) for i in range(300)]
    ears = make_ears(MemoryStore(events))
    model = _model(ears, qtbot)
    model.sort(column, order)
    ears.event(4, 1.0, 2.0, 1)
    ears.begin(2, 4.0, 2)
    qtbot.waitUntil(lambda: not model._is_reading and len(model.rows) >= PAGE_ROWS)
    while model.canFetchMore(TOP):
        model.fetchMore(TOP)
        qtbot.waitUntil(lambda: not model._is_reading)
    assert len(model.rows) == 302
    assert _is_in_order(model)


def test_a_query_holds_for_rows_from_disk_and_from_memory(make_ears: MakeEars, qtbot: QtBot) -> None:
    ears = make_ears(MemoryStore([heard(1.0, label="Cow"), heard(2.0, label="Dog")]))
    model = _model(ears, qtbot)
    model.show(EventQuery(text="cow"))
    ears.event(4, 3.0, 4.0, 1)
    ears.event(2, 6.0, 7.0, 2)
    qtbot.waitUntil(lambda: _labels(model) == ["Cow", "Cow"])


def test_near_misses_are_listed_when_they_are_asked_for(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.hear(until_s=1.5, heard={2: 0.4})
    ears.hear(until_s=2.0, heard={})
    assert model.rows == []
    model.show(EventQuery(kinds=("event", "near_miss")))
    qtbot.waitUntil(lambda: _labels(model) == ["Siren"])
    assert "almost" in model.index(0, NAME).data()


def test_a_note_is_written_in_place(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    model.note_written.connect(lambda event, note: ears.collector.change([event], note=note))
    ears.event(4, 1.0, 2.0)
    cell = model.index(0, NOTE)
    assert cell.flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.index(0, NAME).flags() & Qt.ItemFlag.ItemIsEditable
    assert model.setData(cell, "  the neighbour's ")
    assert cell.data() == "the neighbour's"
    qtbot.waitUntil(lambda: bool(ears.store.events) and ears.store.events[1].note == "the neighbour's")


def test_a_star_and_its_words(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.event(4, 1.0, 2.0)
    cell = model.index(0, STAR)
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert cell.data(spoken) == "not starred"
    ears.collector.change([cell.data(EVENT_ROLE)], is_starred=True)
    assert (cell.data(), cell.data(spoken)) == ("★", "starred")


def test_deleted_rows_are_gone(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.event(4, 1.0, 2.0, 1)
    ears.event(2, 4.0, 5.0, 2)
    qtbot.waitUntil(lambda: all(event.id for event in model.rows))
    ears.collector.delete([model.rows[1]])
    assert _labels(model) == ["Siren"]


def test_a_picture_is_read_once_and_then_shown(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.event(4, 1.0, 2.0)
    qtbot.waitUntil(lambda: 1 in ears.store.pictures)

    def picture() -> object:
        return model.index(0, 5).data(Qt.ItemDataRole.DecorationRole)

    qtbot.waitUntil(lambda: picture() is not None)


def test_an_event_is_found_by_its_key(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    ears.event(4, 1.0, 2.0, 1)
    ears.hear(EventChange(2, 2, 4.0, 0.9, 4.5), until_s=4.5)
    (box,) = (box for box in ears.live.events.between(0.0, 9.0) if box.name == "Cow")
    assert model.place_of_key(live_key(ears.collector.session, box.label_id, box.onset_s)) == 1
    assert model.place_of_key(("nothing",)) is None


def test_the_store_is_never_asked_by_the_window_itself(ears: Ears, qtbot: QtBot) -> None:
    model = _model(ears, qtbot)
    with pytest.raises(AssertionError):
        ears.store.page(EventQuery())
    assert isinstance(model.rows, list)
    assert all(isinstance(event, HeardEvent) for event in model.rows)
