"""The list of keyboard shortcuts."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument, QTextTable
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.widgets.shortcuts_dialog import ShortcutsDialog


def test_keys_and_their_meanings_stand_on_one_line(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog([("Ctrl+A", "One thing"), ("B", "Another")])
    qtbot.addWidget(dialog)
    document = QTextDocument()
    [label] = dialog.findChildren(QLabel)
    document.setHtml(label.text())
    [table] = [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    for row in range(2):
        blocks = [table.cellAt(row, column).firstCursorPosition().block() for column in range(2)]
        tops = [document.documentLayout().blockBoundingRect(block).top() for block in blocks]
        assert tops[0] == pytest.approx(tops[1], abs=0.5)


def test_a_long_list_scrolls_where_the_screen_is_low(qtbot: QtBot) -> None:
    few, many = (ShortcutsDialog([("Ctrl+A", "One thing")] * n) for n in (3, 300))
    for dialog in (few, many):
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitExposed(dialog)
        assert dialog.height() <= dialog.screen().availableGeometry().height()
        assert dialog.scrolled.horizontalScrollBar().maximum() == 0
    assert few.scrolled.verticalScrollBar().maximum() == 0
    assert many.scrolled.verticalScrollBar().maximum() > 0
