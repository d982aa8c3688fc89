"""The table of files: columns, the buttons of its rows, and the selection."""

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
from tests.app.app_fakes import FakeCore


def _right_edge(table: FileTable) -> int:
    return table.columnViewportPosition(CANCEL) + table.columnWidth(CANCEL)


@pytest.mark.parametrize("width", [800, 1024, 1180, 1900])
def test_beside_the_training_every_column_of_the_files_is_in_view(
    window: MainWindow, core: FakeCore, qtbot: QtBot, width: int
) -> None:
    window.resize(width, 640)
    window.add_files([Path(f"/sounds/{'a long name ' * 9}{i}.wav") for i in range(3)])
    qtbot.waitUntil(lambda: len(window.files.rows) == 3)
    window.docks.raise_dock("training")
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
        assert window.presenter.timeline.is_live is not is_marked
