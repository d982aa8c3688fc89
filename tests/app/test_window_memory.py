"""What the window remembers from run to run, and what it forgets because it never worked."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from app.application import close_on_signals
from app.main_window import MainWindow
from app.runtime.qt_workarounds import GarbageTimer
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.errors import UserError
from tests.app.app_fakes import FakeCore, FakeTagger
from tests.app.conftest import MakeWindow
from tests.app.window_driving import listen, press

USB = InputChoice("microphone", "USB Mic")
BROKEN = UserError("The microphone cannot be opened.", "Plug it in.")


def test_windows_are_closed_and_reopened_under_the_garbage_timer(
    make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    """pyqtgraph disconnects signals while a window goes; a collection inside that would wait for Qt's lock for ever."""
    owner = QObject()
    try:
        garbage = GarbageTimer(owner)
        garbage.end_start_up()
        for _ in range(4):
            window = make_window()
            window.show()
            listen(window, core, qtbot, len(core.listeners))
            window.model_menu.chosen.emit("other")
            window.close()
            garbage.collect()
        assert not gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()


def test_stopped_it_stays_stopped_in_the_next_run(make_window: MakeWindow, core: FakeCore, qtbot: QtBot) -> None:
    first = make_window()
    first.show()
    listen(first, core, qtbot)
    press(first, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    first.close()
    again = make_window()
    again.show()
    again.begin()
    qtbot.waitUntil(lambda: again.session.tagger is not None)
    assert not again.session.is_opening
    assert len(core.opened) == 1
    assert again.toolbar.start_button.text() == "Start"


def test_closed_while_listening_it_listens_in_the_next_run(
    make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    first = make_window()
    listen(first, core, qtbot)
    first.close()
    again = make_window()
    again.begin()
    assert again.session.is_opening


def test_an_input_asked_for_on_the_command_line_is_opened_even_when_stopped(
    make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    make_window().close()
    again = make_window()
    again.begin(DEMO_SCENE)
    qtbot.waitUntil(lambda: core.opened == [DEMO_SCENE])


def test_an_input_that_fails_is_not_remembered(
    window: MainWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    core.refused[USB] = BROKEN
    window._choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    core.listeners[1].hear(0)
    qtbot.waitUntil(window.banner.isVisible)
    window.close()
    assert stored("input") is None


def test_only_a_model_that_loads_is_remembered(
    window: MainWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    core.models["/models/mine"] = FakeTagger("Mine")
    window.model_menu.chosen.emit("/models/mine")
    qtbot.waitUntil(lambda: window.session.tagger is core.models["/models/mine"])
    with qtbot.waitSignal(window.session.model_failed):
        window.model_menu.chosen.emit("/nowhere")
    window.close()
    assert stored("model") == "/models/mine"


def test_the_starter_taken_in_place_of_a_lost_model_is_remembered(
    make_window: MakeWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    window = make_window()
    window._parts.settings.model = "/lost"
    with qtbot.waitSignal(window.session.model_failed):
        window.begin()
    window.banner.button.click()
    qtbot.waitUntil(lambda: window.session.tagger is core.models[None])
    window.close()
    assert stored("model") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window_and_keeps_its_settings(
    window: MainWindow, stored: Callable[[str], object], number: signal.Signals
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        close_on_signals(window)
        signal.raise_signal(number)
    finally:
        for number, action in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, action)
    assert not window.isVisible()
    assert stored("geometry") is not None


def test_full_screen_comes_back_to_where_it_was(window: MainWindow) -> None:
    window.setWindowState(Qt.WindowState.WindowMaximized)
    window.menus.actions["full_screen"].trigger()
    assert window.isFullScreen()
    window.menus.actions["full_screen"].trigger()
    assert window.windowState() & Qt.WindowState.WindowMaximized
    window.setWindowState(Qt.WindowState.WindowFullScreen)
    assert window.menus.actions["full_screen"].isChecked(), "the menu follows the window manager"
