"""The tool bar keeps input and model within reach, however narrow the window and however large the text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.style.appearance import Appearance


@pytest.fixture
def appearance_of(window: MainWindow) -> Iterator[Appearance]:
    made = window._parts.appearance
    yield made
    made.choose_text_size(100)


def _is_whole(window: MainWindow) -> bool:
    """Nothing has gone into Qt's menu for what finds no room."""
    more = window.toolbar.findChild(QToolButton, "qt_toolbar_ext_button")
    buttons = (window.toolbar.start_button, window.toolbar.input_button, window.toolbar.model_button)
    within = all(button.isVisible() and button.geometry().right() <= window.toolbar.width() for button in buttons)
    return within and (more is None or not more.isVisible())


def test_a_wide_tool_bar_has_everything(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1600, 720)
    qtbot.waitUntil(lambda: _is_whole(window) and window.toolbar.pace.ends[0].isVisible())
    assert window.toolbar.input_button.text() == f"Input: {window.session.input.title}"


def test_while_recording_a_narrow_tool_bar_leaves_out_the_least(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: _is_whole(window))
    long_px = window.toolbar.meter.sizeHint().width()
    window.sound.kept.lamp.show_recording(True, "")
    qtbot.waitUntil(lambda: window.sound.kept.lamp.isVisible() and _is_whole(window))
    assert window.toolbar.meter.sizeHint().width() < long_px
    assert window.toolbar.pace.isVisible()
    window.sound.kept.lamp.show_recording(False, "")
    qtbot.waitUntil(lambda: window.toolbar.meter.sizeHint().width() == long_px)


def test_large_text_cuts_names_short(window: MainWindow, qtbot: QtBot, appearance_of: Appearance) -> None:
    window.resize(1024, 640)
    appearance_of.choose_text_size(200)
    qtbot.waitUntil(lambda: _is_whole(window) and not window.toolbar.pace.isVisible())
    assert not window.toolbar.input_button.text().startswith("Input:")
    appearance_of.choose_text_size(100)
    qtbot.waitUntil(lambda: _is_whole(window) and window.toolbar.pace.isVisible())


def test_at_the_largest_text_the_window_fits_a_small_screen(
    window: MainWindow, qtbot: QtBot, appearance_of: Appearance
) -> None:
    appearance_of.choose_text_size(200)
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: not window.toolbar.pace.isVisible())
    qtbot.waitUntil(lambda: window.minimumSizeHint().width() <= 1024)
