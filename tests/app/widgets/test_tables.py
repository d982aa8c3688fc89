"""Sortable tables: the given order, any column's order, and which row is selected or opened."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.tables import Column, SortableTable


@dataclass(frozen=True)
class Bird:
    name: str
    count: int


BIRDS = (Bird("owl", 9), Bird("wren", 100), Bird("hen", 20))
COLUMNS = (
    Column("Bird", "The name.", lambda bird: bird.name, lambda bird: bird.name, is_figure=False),
    Column("Count", "How many.", lambda bird: bird.count, lambda bird: str(bird.count), width=60),
)


@pytest.fixture
def table(qtbot: QtBot) -> SortableTable:
    made = SortableTable("Birds", "All birds", COLUMNS)
    qtbot.addWidget(made)
    made.set_rows(BIRDS)
    made.show()
    return made


def test_rows_keep_their_order_until_a_header_is_clicked_and_numbers_sort_as_numbers(table: SortableTable) -> None:
    assert table.rows_shown == list(BIRDS)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [bird.count for bird in table.rows_shown] == [100, 20, 9]
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [bird.name for bird in table.rows_shown] == ["hen", "owl", "wren"]


def test_a_place_is_counted_in_the_sorted_order(table: SortableTable, qtbot: QtBot) -> None:
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    with qtbot.waitSignal(table.selected) as selected:
        table.choose(2)
    assert selected.args == [Bird("wren", 100)]
    assert table.chosen() == Bird("wren", 100)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_and_space_open_the_selected_row(table: SortableTable, qtbot: QtBot, key: Qt.Key) -> None:
    table.choose(0)
    with qtbot.waitSignal(table.opened) as opened:
        QTest.keyClick(table, key)
    assert opened.args == [Bird("owl", 9)]


def test_other_rows_deselect(table: SortableTable, qtbot: QtBot) -> None:
    table.choose(0)
    selected: list[object] = []
    table.selected.connect(selected.append)
    table.set_rows(BIRDS[:1])
    assert selected[-1] is None
    assert table.chosen() is None


def test_headers_explain_their_column(table: SortableTable) -> None:
    tip = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("How many.")
