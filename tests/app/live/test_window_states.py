"""What the window says of itself: loading, live, without sound, frozen or stopped, and whose sound is in view."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.live import session
from app.main_window import MainWindow
from app.presenter import LAST_HEARD
from app.status_bar import NO_SOUND
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.inference.results import LiveUpdate
from tests.app.app_fakes import FakeCore, level, noise
from tests.app.window_driving import listen, press

USB = InputChoice("microphone", "USB Mic")
GONE = UserError("The microphone has stopped giving sound.", "Check its plug.")


def caption(window: MainWindow) -> str:
    return window.spectrogram.caption.text()


def status(window: MainWindow) -> str:
    return window.statusBar().figures.text()  # type: ignore[attr-defined]


def change_to_usb(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window._choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    core.listeners[1].hear(0, 300)
    qtbot.waitUntil(lambda: window.session.input == USB)


class Sounding:
    """Lets a listener hear ten frames at -18 dBFS in each tick until it is hushed."""

    def __init__(self, window: MainWindow, core: FakeCore) -> None:
        self._session, self._listener, self._next = window.session, core.listeners[0], 300
        self._session.ticked.connect(self._hear)

    def _hear(self) -> None:
        self._listener.updates.append(LiveUpdate((noise(10, self._next),), level=level(-18)))
        self._next += 10

    def hush(self) -> None:
        self._session.ticked.disconnect(self._hear)


@pytest.fixture
def sound_is_soon_missed(sound_is_never_missed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_STALE_S", 0.2)


def test_from_the_first_moment_the_model_is_said_to_be_loading(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.model_gate.clear()
    window.begin()
    for _ in range(2):
        assert window.tags.empty.text() == "Loading the model…"
        assert window.toolbar.model_button.text() == "Model: loading…"
        assert window.statusBar().model.text() == "Loading the model…"  # type: ignore[attr-defined]
        qtbot.waitUntil(lambda: bool(core.listeners))
    core.model_gate.set()
    qtbot.waitUntil(lambda: window.toolbar.model_button.text() == "Model: Starter")


def test_without_sound_nothing_claims_to_be_live(
    sound_is_soon_missed: None, window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    sound = Sounding(window, core)
    qtbot.waitUntil(lambda: window.spectrogram.pill.isVisible() and "18" in window.toolbar.meter._text)
    assert caption(window) == "Live: Default microphone"

    sound.hush()
    core.listeners[0].updates.append(LiveUpdate(level=level(-18), trouble=GONE))
    qtbot.waitUntil(lambda: caption(window) == "No sound: Default microphone")
    core.listeners[0].updates.append(LiveUpdate(level=level(-18), trouble=GONE))
    qtbot.waitUntil(lambda: not core.listeners[0].updates)
    assert not window.spectrogram.pill.isVisible()
    assert window.toolbar.meter._text == "no signal"
    assert window.tags.heading.text() == LAST_HEARD
    assert window.spectrogram.plot.time_label(0.0) != "now"
    assert status(window) == NO_SOUND


def test_a_listener_that_hangs_and_says_nothing_is_not_live_and_may_come_back(
    sound_is_soon_missed: None, window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    sound = Sounding(window, core)
    qtbot.waitUntil(lambda: "18" in window.toolbar.meter._text)
    sound.hush()
    qtbot.waitUntil(lambda: caption(window) == "No sound: Default microphone")
    assert window.toolbar.meter._text == "no signal"

    window.session.ticked.connect(sound._hear)
    qtbot.waitUntil(lambda: caption(window) == "Live: Default microphone" and "18" in window.toolbar.meter._text)
    assert window.spectrogram.pill.text() == "● live"


def test_a_frozen_picture_keeps_the_name_of_the_input_it_was_heard_from(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s >= 3)
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_F)
    assert caption(window) == "Frozen: Default microphone"
    change_to_usb(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s > 6)
    assert caption(window) == "Frozen: Default microphone"
    assert window.spectrogram.pill.text() == "Back to live"

    press(window, Qt.Key.Key_End)
    assert caption(window) == "Live: USB Mic"
    press(window, Qt.Key.Key_F)
    assert caption(window) == "Frozen: Default microphone → USB Mic"
    window.presenter.navigation.zoom(0.2)
    window.presenter.navigation.go_to_end()
    press(window, Qt.Key.Key_F)
    assert caption(window) == "Frozen: USB Mic"


def test_stopped_the_caption_says_so_and_names_what_was_heard(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    assert caption(window) == "Not listening"
    window.session.start()
    assert caption(window) == "Getting ready to listen…"
    listen(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s >= 3)
    window.session.stop()
    assert caption(window) == "Stopped: Default microphone"
    core.refused[USB] = GONE
    window.session.choose_input(USB)
    qtbot.waitUntil(lambda: not window.session.is_opening)
    assert caption(window) == "Stopped: Default microphone"


def test_an_input_that_dies_leaves_a_stopped_picture(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s >= 3)
    core.listeners[0].updates.append(LiveUpdate(has_ended=True, failure=GONE))
    qtbot.waitUntil(lambda: caption(window) == "Stopped: Default microphone")
    assert not window.spectrogram.pill.isVisible()
