"""Parts of dialogs: buttons, cards and sizes."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.dialog_parts import card, push_button, resize_to_fit


def test_a_window_opens_no_larger_than_its_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    resize_to_fit(window, QSize(300, 200))
    assert window.size() == QSize(300, 200)
    room = QApplication.primaryScreen().availableGeometry().size()
    resize_to_fit(window, room + QSize(0, 200))
    assert window.height() < room.height(), "its title bar has to fit too"


def test_a_push_button_has_a_name_and_a_tip_and_ignores_enter(qtbot: QtBot) -> None:
    button = push_button("Open files…", "Choose files", is_primary=True)
    qtbot.addWidget(button)
    assert (button.text(), button.accessibleName(), button.toolTip()) == ("Open files…", "Open files", "Choose files")
    assert not button.autoDefault()
    assert button.objectName() == "Primary"


def test_the_last_widget_of_a_card_gets_the_spare_room(qtbot: QtBot) -> None:
    first, last = QWidget(), QWidget()
    frame = card(first, last)
    qtbot.addWidget(frame)
    frame.resize(200, 300)
    frame.show()
    assert last.height() > first.height()
