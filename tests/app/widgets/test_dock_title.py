"""The bar above a docked panel leaves dragging to its dock, and asks to close it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.style.appearance import Appearance
from app.widgets.dock_title import DockTitle


def test_it_asks_to_close_and_takes_no_room_when_it_is_not_needed(appearance: Appearance, qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    bar = DockTitle("Events", appearance, parent)
    parent.show()
    with qtbot.waitSignal(bar.close_wanted):
        qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    bar.show_bar(True)
    assert bar.height() > 0
    bar.show_bar(False)
    assert (bar.height(), bar.isVisible()) == (0, False)
