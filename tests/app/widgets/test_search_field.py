"""The search field: Esc clears and leaves it, Down leads on to what was found."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.widgets.search_field import SearchField


@pytest.fixture
def field(qtbot: QtBot) -> SearchField:
    made = SearchField("Find", "Find…", "Show what contains this")
    qtbot.addWidget(made)
    made.show()
    return made


def test_esc_clears_and_leaves(field: SearchField, qtbot: QtBot) -> None:
    qtbot.keyClicks(field, "dog")
    with qtbot.waitSignal(field.left):
        qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


@pytest.mark.parametrize("key", [Qt.Key.Key_Down, Qt.Key.Key_Return])
def test_down_and_return_lead_to_what_was_found(field: SearchField, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClicks(field, "dog")
    with qtbot.waitSignal(field.left_downwards):
        qtbot.keyClick(field, key)
    assert field.text() == "dog"
