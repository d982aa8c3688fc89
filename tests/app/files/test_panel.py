"""Files in the window: shown, failed, scrolled to, cancelled and taken off."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.files.table import FileTable
from app.files.table_model import CANCEL, NAME, TAGS
from app.main_window import MainWindow
from app.training.panel import TrainingPanel
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
    assert window.stage.timeline is row.timeline
    assert window.spectrogram.caption.text() == "a.wav"
    window.spectrogram.plot.clicked.emit(6.0)
    qtbot.waitUntil(lambda: tag_names(window.tags)[0] == "Rain")
    assert window.tags.heading.text() == "Heard at 0:06.0"
    press(window, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tag_names(window.tags)[0] == "Siren")
    window.spectrogram.pill.click()
    assert window.stage.timeline.is_live
    assert window.files_panel.table.current_row() is None


def test_a_file_shows_its_surest_classes_until_a_moment_is_chosen(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    window.begin()
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows) and window.files.rows[0].state is FileState.DONE)
    window.files_panel.table.selectRow(0)
    qtbot.waitUntil(lambda: window.tags.heading.text() == "Surest in view")
    found = window.stage.timeline.scores_in_view()
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
    assert window.stage.timeline.is_live


def test_escape_cancels_every_file(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    window.begin()
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(3)])
    qtbot.waitUntil(lambda: bool(core.tagged))
    press(window, Qt.Key.Key_Escape)
    assert [row.state for row in window.files.rows] == [FileState.CANCELLED] * 3
    assert not window.menus.actions["cancel_files"].isEnabled()


@pytest.mark.parametrize("width", [800, 1024, 1180, 1900])
def test_beside_the_training_every_column_of_the_files_is_in_view(
    window: MainWindow, core: FakeCore, qtbot: QtBot, width: int
) -> None:
    window.resize(width, 640)
    window.add_files([Path(f"/sounds/{'a long name ' * 9}{i}.wav") for i in range(3)])
    qtbot.waitUntil(lambda: len(window.files.rows) == 3)
    window.docks.bring("training")
    qtbot.waitUntil(lambda: window.docks.panel("training", TrainingPanel).isVisible())
    assert window.width() == width
    table = window.files_panel.table
    qtbot.waitUntil(lambda: _right_edge(table) <= table.viewport().width())
    assert table.columnWidth(TAGS) >= 100
    assert window.files_panel.mapTo(window, window.files_panel.rect().topRight()).x() < width


def test_a_column_dragged_wide_leaves_room_for_the_others_and_stays_so(window: MainWindow, qtbot: QtBot) -> None:
    table = window.files_panel.table
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(window.files.rows))
    table.setColumnWidth(NAME, 5000)
    assert _right_edge(table) <= table.viewport().width()
    table.setColumnWidth(NAME, 480)
    window.resize(window.width() + 200, window.height())
    qtbot.waitUntil(lambda: table.columnWidth(NAME) > 480)
    assert _right_edge(table) <= table.viewport().width()


def _right_edge(table: FileTable) -> int:
    return table.columnViewportPosition(CANCEL) + table.columnWidth(CANCEL)


def test_the_button_of_a_row_acts_on_it_without_selecting_it(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window.begin()
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(3)])
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE] * 3)
    table = window.files_panel.table
    table.selectRow(0)
    first, second, _ = window.files.rows
    cross = table.visualRect(window.files.index(1, CANCEL)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cross)
    assert second not in window.files.rows
    assert table.current_row() is first
    assert [index.row() for index in table.selectionModel().selectedRows()] == [0]


def test_a_file_is_shown_by_a_click_or_by_tab_and_marked_but_not_by_a_window_that_comes_back(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    window.begin()
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(2)])
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE] * 2)
    table = window.files_panel.table
    for reason, is_marked in ((Qt.FocusReason.ActiveWindowFocusReason, False), (Qt.FocusReason.TabFocusReason, True)):
        table.clearFocus()
        table.setFocus(reason)
        assert table.selectionModel().hasSelection() is is_marked
        assert window.stage.timeline.is_live is not is_marked
