"""The list of events leads to the picture, and a box on the picture to the list; what was listed is exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.events.panel import EventsPanel
from app.events.texts import NAME
from app.main_window import MainWindow
from core.errors import UserError
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import FakeCore, noise
from tests.app.event_fakes import READ_ONLY
from tests.app.window_driving import listen
from tests.core.heard.made_events import heard


def _panel(window: MainWindow) -> EventsPanel:
    return window.docks.panel("events", EventsPanel)


def _hear_a_cow(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    begun = EventChange(1, 4, 2.5, 0.9, 3.1)
    core.listeners[0].updates.append(LiveUpdate((noise(100, 300),), events=(begun,)))
    qtbot.waitUntil(lambda: _panel(window).model.rowCount() == 1)


def test_what_the_session_hears_is_listed_and_stored(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _hear_a_cow(window, core, qtbot)
    assert _panel(window).model.index(0, NAME).data() == "Cow"
    qtbot.waitUntil(lambda: len(core.events.events) == 1)
    window.session.stop()
    qtbot.waitUntil(lambda: core.events.events[1].offset_s is not None)


def test_enter_shows_the_moment_on_the_picture(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _hear_a_cow(window, core, qtbot)
    panel = _panel(window)
    panel.table.choose(0)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    timeline = window.presenter.timeline
    assert timeline.is_live
    assert timeline.cursor_s == pytest.approx(2.5)
    assert timeline.view.left_s <= 2.5 <= timeline.view.right_s
    assert not timeline.view.is_following


def test_from_a_file_it_leads_back_to_the_live_sound(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _hear_a_cow(window, core, qtbot)
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: len(window.files.rows) == 1)
    window.presenter.show_file(window.files.rows[0])
    window.events.go_to(2.5, 3.0, window.collector.session)
    assert window.presenter.timeline.is_live
    assert window.presenter.timeline.cursor_s == pytest.approx(2.5)


def test_what_the_picture_does_not_have_is_said(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _hear_a_cow(window, core, qtbot)
    panel = _panel(window)
    before = panel.summary.text()
    window.events.go_to(2.5, 3.0, "an earlier run")
    other_run = panel.summary.text()
    window.events.go_to(9999.0, 9999.5, window.collector.session)
    assert len({before, other_run, panel.summary.text()}) == 3
    assert window.presenter.timeline.cursor_s is None


def test_a_click_on_a_box_selects_its_row(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _hear_a_cow(window, core, qtbot)
    window.docks.raise_dock("files")
    (event,) = window.presenter.timeline.events.between(0.0, 10.0)
    window.spectrogram.plot.box_clicked.emit(event)
    assert [chosen.label for chosen in _panel(window).table.chosen()] == ["Cow"]
    qtbot.waitUntil(lambda: not _panel(window).visibleRegion().isEmpty())


def test_boxes_are_hidden_in_the_view_menu_and_stay_so(
    window: MainWindow, core: FakeCore, qtbot: QtBot, stored: object
) -> None:
    assert window.menus.actions["boxes"].isChecked()
    window.menus.actions["boxes"].trigger()
    assert not window.spectrogram.plot.boxes.is_shown
    assert stored("shows_boxes") == "no"  # type: ignore[operator]


def test_a_disk_that_cannot_be_written_is_told_in_the_banner_once(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.events.is_read_only = True
    _hear_a_cow(window, core, qtbot)
    qtbot.waitUntil(window.banner.isVisible)
    assert READ_ONLY.problem in window.banner.text.text()
    window.banner.clear()
    over = EventChange(1, 4, 2.5, 0.9, 4.5, offset_s=4.0)
    core.listeners[0].updates.append(LiveUpdate((noise(100, 400),), events=(over,)))
    qtbot.waitUntil(lambda: _panel(window).model.rows[0].offset_s == 4.0)
    qtbot.waitUntil(lambda: window.collector._jobs.unfinished == 0)
    assert not window.banner.isVisible()
    assert window.session.is_listening


@pytest.mark.parametrize("chosen", [(), (0, 1)])
def test_export_writes_what_is_listed_or_selected(
    window: MainWindow,
    core: FakeCore,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chosen: tuple[int, ...],
) -> None:
    core.events.add.__self__._store(heard(1.0, 2.0, "Rain"))  # type: ignore[attr-defined]
    core.events._store(heard(5.0, 1.0, "Dog"))
    core.events._store(heard(9.0, 1.0, "Cow"))
    panel = _panel(window)
    panel.model.reload()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    for row in chosen:
        panel.table.selectRow(row) if row == 0 else panel.table.selectionModel().select(
            panel.model.index(row, NAME),
            panel.table.selectionModel().SelectionFlag.Select | panel.table.selectionModel().SelectionFlag.Rows,
        )
    path = tmp_path / "heard.txt"
    monkeypatch.setattr("app.events.controller.ask_export", lambda parent: (path, "audacity"))
    qtbot.mouseClick(panel.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(path.exists)
    lines = [line.split("\t")[2] for line in path.read_text().splitlines()]
    assert lines == (["Dog", "Cow"] if chosen else ["Rain", "Dog", "Cow"])
    qtbot.waitUntil(lambda: "heard.txt" in panel.summary.text())


def test_a_file_that_cannot_be_written_is_told(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.events._store(heard(1.0, 2.0, "Rain"))
    panel = _panel(window)
    panel.model.reload()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    path = tmp_path / "no folder" / "heard.csv"
    monkeypatch.setattr("app.events.controller.ask_export", lambda parent: (path, "csv"))
    failures: list[UserError] = []
    window.events.failed.connect(failures.append)
    panel.export_button.click()
    qtbot.waitUntil(lambda: len(failures) == 1)
    assert str(path) in failures[0].problem


def test_cancelling_exports_nothing(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.events.controller.ask_export", lambda parent: None)
    window.events.export((), _panel(window).model.query)
    assert window.events._jobs.unfinished == 0
