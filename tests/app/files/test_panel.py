"""Files in the window: shown, failed, scrolled to, cancelled and taken off."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.main_window import MainWindow
from app.presenter import HIGHEST_IN_VIEW
from core.errors import UserError
from tests.app.app_fakes import FakeCore
from tests.app.window_driving import listen, press, tag_names


def test_a_selected_file_is_shown_with_its_tags_and_back_to_live(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows) and window.files.rows[0].state is FileState.DONE)
    window.files_panel.table.selectRow(0)
    row = window.files.rows[0]
    qtbot.waitUntil(lambda: row.timeline.history is not None)
    assert window.presenter.timeline is row.timeline
    assert window.spectrogram.caption.text() == "a.wav"
    window.spectrogram.plot.clicked.emit(6.0)
    qtbot.waitUntil(lambda: tag_names(window.tags)[0] == "Rain")
    assert window.tags.heading.text().endswith("0:06.0")
    press(window, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tag_names(window.tags)[0] == "Siren")
    window.spectrogram.pill.click()
    assert window.presenter.timeline.is_live
    assert window.files_panel.table.current_row() is None


def test_a_file_shows_its_surest_classes_until_a_moment_is_chosen(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    window.begin()
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows) and window.files.rows[0].state is FileState.DONE)
    window.files_panel.table.selectRow(0)
    qtbot.waitUntil(lambda: window.tags.heading.text() == HIGHEST_IN_VIEW)
    found = window.presenter.timeline.scores_in_view()
    assert found is not None
    assert [label for label, p in enumerate(found.probabilities) if p > 0.5] == [0, 1, 2, 3]


def test_a_file_that_failed_says_why_instead_of_listing_classes(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.bad_files["a.wav"] = UserError("It is empty.", "Copy it again.")
    listen(window, core, qtbot)
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows) and window.files.rows[0].state is FileState.FAILED)
    window.files_panel.table.selectRow(0)
    assert window.tags.empty.text() == "It is empty."
    assert not window.tags.list.isVisible()
    core.bad_files.clear()
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: window.files.rows[0].timeline.history is not None)
    qtbot.waitUntil(lambda: window.files.rows[0].state is FileState.DONE)
    assert window.tags.list.isVisible()


def test_new_files_are_scrolled_to(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window.begin()
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(30)])
    qtbot.waitUntil(lambda: len(window.files.rows) == 30)
    table = window.files_panel.table
    assert table.rowAt(0) == 0
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(30, 60)])
    qtbot.waitUntil(lambda: len(window.files.rows) == 60)
    assert table.rowAt(5) == 30


def test_removing_the_file_on_show_goes_back_to_live(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window.begin()
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows) and window.files.rows[0].is_over)
    window.files_panel.table.selectRow(0)
    QTest.keyClick(window.files_panel.table, Qt.Key.Key_Delete)
    assert window.files.rows == []
    assert window.presenter.timeline.is_live


def test_escape_cancels_every_file(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    window.begin()
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(3)])
    qtbot.waitUntil(lambda: bool(core.tagged))
    press(window, Qt.Key.Key_Escape)
    assert [row.state for row in window.files.rows] == [FileState.CANCELLED] * 3
    assert not window.menus.actions["cancel_files"].isEnabled()
