"""The panel of events as a person uses it: search, filters, sorting, notes, stars, copying, deleting, going there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHeaderView, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from app.events.panel import EventsPanel
from app.events.texts import LENGTH, NAME, NOTE, PEAK, STAR, TIME
from app.style.appearance import Appearance
from tests.app.event_fakes import MemoryStore
from tests.app.events.conftest import Ears, MakeEars, MakePanel
from tests.core.heard.made_events import heard

NOW_AT = 2_000_000_000.0


def _heard_before() -> MemoryStore:
    """A dog 5 minutes ago, rain half an hour ago, a siren yesterday; and a cow that almost was heard."""
    events = [
        heard(1.0, 2.0, "Siren", onset_at=NOW_AT - 90_000, offset_at=NOW_AT - 89_998, peak=0.9),
        heard(2.0, 9.0, "Rain", onset_at=NOW_AT - 1800, offset_at=NOW_AT - 1791, peak=0.6, note="on the roof"),
        heard(3.0, 0.5, "Dog", onset_at=NOW_AT - 300, offset_at=NOW_AT - 299.5, peak=0.8),
    ]
    miss = replace(
        events[2],
        label="Cow",
        label_id="cow",
        kind="near_miss",
        why="0.31 < 0.40",
        onset_at=NOW_AT - 200,
        offset_at=NOW_AT - 199,
    )
    return MemoryStore([*events, miss])


@pytest.fixture
def ears(make_ears: MakeEars, monkeypatch: pytest.MonkeyPatch) -> Ears:
    monkeypatch.setattr("app.events.filters.time.time", lambda: NOW_AT)
    return make_ears(_heard_before())


@pytest.fixture
def panel(ears: Ears, make_panel: MakePanel, qtbot: QtBot) -> EventsPanel:
    made = make_panel(ears)
    qtbot.waitUntil(lambda: _names(made) == ["Dog", "Rain", "Siren"])
    return made


def _names(panel: EventsPanel) -> list[str]:
    model = panel.model
    return [str(model.index(row, NAME).data()) for row in range(model.rowCount())]


def _click(panel: EventsPanel, row: int, column: int, *, twice: bool = False) -> None:
    place = panel.table.visualRect(panel.model.index(row, column)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    if twice:
        QTest.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def _choose(panel: EventsPanel, *rows: int) -> None:
    panel.table.clearSelection()
    for row in rows:
        place = panel.table.visualRect(panel.model.index(row, NAME)).center()
        control = Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, control, place)


def test_the_newest_comes_first_with_time_length_and_peak(panel: EventsPanel) -> None:
    dog = [str(panel.model.index(0, column).data()) for column in (LENGTH, NAME, PEAK, NOTE)]
    assert dog[0].startswith("0.5")
    assert dog[1:3] == ["Dog", "80\N{NARROW NO-BREAK SPACE}%"]
    assert panel.model.index(1, NOTE).data() == "on the roof"
    assert ":" in panel.model.index(0, TIME).data()


def test_searching_asks_the_store_for_class_and_note(panel: EventsPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.filters.search, "ROOF")
    qtbot.waitUntil(lambda: _names(panel) == ["Rain"])
    qtbot.keyClick(panel.filters.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: _names(panel) == ["Dog", "Rain", "Siren"])
    qtbot.keyClicks(panel.filters.search, "zebra")
    qtbot.waitUntil(lambda: _names(panel) == [])
    assert panel.hint.isVisible()


@pytest.mark.parametrize(("choice", "names"), [("Last 10 minutes", ["Dog"]), ("Last hour", ["Dog", "Rain"])])
def test_only_what_was_heard_lately(panel: EventsPanel, qtbot: QtBot, choice: str, names: list[str]) -> None:
    panel.filters.time.setCurrentText(choice)
    qtbot.waitUntil(lambda: _names(panel) == names)
    panel.filters.time.setCurrentText("Today")
    qtbot.waitUntil(lambda: "Siren" not in _names(panel))


def test_one_class_alone(panel: EventsPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.filters.label.count() == 4)
    panel.filters.label.setCurrentText("Rain")
    qtbot.waitUntil(lambda: _names(panel) == ["Rain"])


def test_near_misses_are_one_switch_away(panel: EventsPanel, qtbot: QtBot) -> None:
    panel.filters.near_misses.click()
    qtbot.waitUntil(lambda: len(_names(panel)) == 4)
    assert "almost" in _names(panel)[0]
    panel.filters.near_misses.click()
    qtbot.waitUntil(lambda: len(_names(panel)) == 3)


def test_a_click_on_a_heading_sorts_and_another_one_turns_it(panel: EventsPanel, qtbot: QtBot) -> None:
    def click(column: int) -> None:
        header: QHeaderView = panel.table.horizontalHeader()
        place = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)

    click(LENGTH)
    qtbot.waitUntil(lambda: _names(panel) == ["Rain", "Siren", "Dog"])
    click(LENGTH)
    qtbot.waitUntil(lambda: _names(panel) == ["Dog", "Siren", "Rain"])
    click(NAME)
    qtbot.waitUntil(lambda: _names(panel) == ["Dog", "Rain", "Siren"])
    click(PEAK)
    qtbot.waitUntil(lambda: _names(panel) == ["Siren", "Dog", "Rain"])
    click(NOTE)
    assert panel.table.horizontalHeader().sortIndicatorSection() == PEAK, "notes do not sort"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, None])
def test_enter_and_a_double_click_go_to_the_moment(panel: EventsPanel, qtbot: QtBot, key: Qt.Key | None) -> None:
    panel.table.choose(1)
    with qtbot.waitSignal(panel.go_to) as gone:
        if key is None:
            _click(panel, 1, NAME, twice=True)
        else:
            qtbot.keyClick(panel.table, key)
    assert gone.args == [2.0, 11.0, "a1"]


def test_space_plays(panel: EventsPanel, qtbot: QtBot) -> None:
    panel.table.choose(1)
    with qtbot.waitSignal(panel.play_wanted) as played:
        qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert played.args is not None
    assert played.args[0].label == "Rain"


def test_a_note_is_written_with_f2_and_stored(panel: EventsPanel, ears: Ears, qtbot: QtBot) -> None:
    panel.table.choose(0)
    qtbot.keyClick(panel.table, Qt.Key.Key_F2)
    editor = panel.table.findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    qtbot.keyClicks(editor, "next door")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: ears.store.events[3].note == "next door")
    assert panel.model.index(0, NOTE).data() == "next door"


def test_a_click_on_the_star_stars(panel: EventsPanel, ears: Ears, qtbot: QtBot) -> None:
    _click(panel, 0, STAR)
    qtbot.waitUntil(lambda: ears.store.events[3].is_starred)
    _click(panel, 0, STAR)
    qtbot.waitUntil(lambda: not ears.store.events[3].is_starred)


def test_several_rows_are_copied_as_text(panel: EventsPanel, qtbot: QtBot) -> None:
    _choose(panel, 0, 2)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[2] for line in lines[1:]] == ["Dog", "Siren"]
    assert len({line.count("\t") for line in lines}) == 1


@pytest.mark.parametrize("is_sure", [True, False])
def test_del_asks_before_it_deletes(panel: EventsPanel, ears: Ears, qtbot: QtBot, is_sure: bool) -> None:
    _choose(panel, 0, 1)
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    box = panel.findChild(QMessageBox) or QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    wanted = [button for button in box.buttons() if ("Delete" in button.text()) is is_sure]
    wanted[0].click()
    qtbot.waitUntil(lambda: len(ears.store.events) == (2 if is_sure else 4))
    assert _names(panel) == (["Siren"] if is_sure else ["Dog", "Rain", "Siren"])


def test_export_means_several_selected_rows_or_all_that_is_listed(panel: EventsPanel, qtbot: QtBot) -> None:
    panel.table.choose(1)
    with qtbot.waitSignal(panel.export_wanted) as wanted:
        panel.export_button.click()
    assert wanted.args == [(), panel.model.query]
    _choose(panel, 0, 2)
    with qtbot.waitSignal(panel.export_wanted) as wanted:
        panel.export_button.click()
    assert wanted.args is not None
    assert [event.label for event in wanted.args[0]] == ["Dog", "Siren"]


def test_the_menu_of_a_row_does_the_same(panel: EventsPanel, qtbot: QtBot) -> None:
    panel.table.choose(1)
    menu = panel._menu()
    texts = [action.text().partition("\t")[0] for action in menu.actions()]
    assert len(texts) == 7
    with qtbot.waitSignal(panel.play_wanted):
        menu.actions()[texts.index("Play")].trigger()
    with qtbot.waitSignal(panel.go_to):
        menu.actions()[0].trigger()
    menu.close()


def test_what_begins_now_appears_on_top_and_the_selection_stays(panel: EventsPanel, ears: Ears, qtbot: QtBot) -> None:
    panel.table.choose(1)
    ears.live.wall_clock_s = lambda stream_s: NOW_AT + stream_s  # type: ignore[method-assign]
    change = ears.begin(4, 1.0)
    assert _names(panel)[0] == "Cow"
    assert panel.table.chosen()[0].label == "Rain"
    ears.hear(replace(change, at_s=3.0, offset_s=2.5), until_s=3.0)
    assert _names(panel)[0] == "Cow"


def test_an_event_is_chosen_even_where_a_filter_hides_it(panel: EventsPanel, ears: Ears, qtbot: QtBot) -> None:
    ears.begin(4, 1.0)
    (key,) = ears.collector.here
    qtbot.keyClicks(panel.filters.search, "rain")
    qtbot.waitUntil(lambda: _names(panel) == ["Rain"])
    panel.choose(key)
    qtbot.waitUntil(lambda: "Cow" in _names(panel))
    qtbot.waitUntil(lambda: [event.label for event in panel.table.chosen()] == ["Cow"])


def test_it_counts_what_is_listed(panel: EventsPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.summary.text().startswith("3"))
    panel.filters.time.setCurrentText("Last 10 minutes")
    qtbot.waitUntil(lambda: panel.summary.text().startswith("1 "))


def test_screen_readers_get_the_cells(panel: EventsPanel) -> None:
    interface = QAccessible.queryAccessibleInterface(panel.table)
    said = {interface.child(i).text(QAccessible.Text.Name) for i in range(interface.childCount())}
    assert {"Dog", "Rain", "not starred", "on the roof"} <= said


def test_the_time_that_is_listed_moves_on_with_the_clock(
    panel: EventsPanel, ears: Ears, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_at = [NOW_AT]
    monkeypatch.setattr("app.events.filters.time.time", lambda: now_at[0])
    panel.filters.time.setCurrentText("Last 10 minutes")
    qtbot.waitUntil(lambda: _names(panel) == ["Dog"])
    panel.filters._clock.setInterval(5)
    pages_read = ears.store.pages_read
    now_at[0] += 200
    qtbot.waitUntil(lambda: panel.model.query.since == now_at[0] - 600)
    assert _names(panel) == ["Dog"], "five minutes and something ago"
    now_at[0] += 200
    qtbot.waitUntil(lambda: _names(panel) == [])
    assert ears.store.pages_read == pages_read, "the store is not asked again"
    panel.filters.time.setCurrentText("All times")
    assert not panel.filters._clock.isActive()


def test_many_events_of_a_filter_are_counted_to_a_bound(
    panel: EventsPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.events.panel._COUNTED", 1)
    qtbot.keyClicks(panel.filters.search, "o")
    qtbot.waitUntil(lambda: panel.summary.text().endswith("+ events"))
    qtbot.keyClicks(panel.filters.search, "n the roof")
    qtbot.waitUntil(lambda: panel.summary.text() == "1 event")


def test_columns_grow_with_the_text(panel: EventsPanel, appearance: Appearance) -> None:
    before = [panel.table.columnWidth(column) for column in (TIME, LENGTH, PEAK)]
    appearance.choose_text_size(200)
    try:
        assert [panel.table.columnWidth(column) for column in (TIME, LENGTH, PEAK)] == [2 * px for px in before]
    finally:
        appearance.choose_text_size(100)
    assert [panel.table.columnWidth(column) for column in (TIME, LENGTH, PEAK)] == before


def _top_of(panel: EventsPanel, name: str) -> int:
    return panel.table.visualRect(panel.model.index(_names(panel).index(name), NAME)).top()


def test_what_is_looked_at_stays_while_more_is_heard(make_ears: MakeEars, make_panel: MakePanel, qtbot: QtBot) -> None:
    ears = make_ears()
    panel = make_panel(ears)
    for number in range(12):
        ears.event(number % 4, 2.0 * number + 1, 2.0 * number + 2, number + 1)
    ears.event(6, 30.0, 31.0, 20)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 13)
    name, bar = str(panel.model.index(0, NAME).data()), panel.table.verticalScrollBar()
    assert _top_of(panel, name) == 0, "nobody looks at anything: the newest is on top"
    ears.live.view.hold()
    panel.table.choose(0)
    ears.event(7, 40.0, 41.0, 21)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 14)
    assert _top_of(panel, name) == 0
    ears.live.view.follow()
    panel.show_newest()
    assert bar.value() == 0
    panel.table.clearSelection()
    bar.setValue(100)
    before = _top_of(panel, name)
    ears.event(8, 50.0, 51.0, 22)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 15)
    assert _top_of(panel, name) == before
