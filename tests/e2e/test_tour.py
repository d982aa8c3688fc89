"""A new user's tour of the window: each task in at most three actions, on a real (virtual) screen and microphone.

It takes the pictures of docs/tour.md: `SOUNDMARK_TOUR=docs/tour` writes them there, otherwise they lie with the other
screenshots.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.events.panel import EventsPanel
from app.main_window import MainWindow
from app.tags.rows import RowKind
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.event_files.main import read_labels
from rig import sounds
from rig.child import Child
from rig.virtual_microphone import VirtualMicrophone
from rig.virtual_screen import VirtualScreen

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("SOUNDMARK_TOUR", REPOSITORY / "build" / "screenshots"))
Key = Qt.Key


class Visitor:
    """Someone at keyboard and mouse, who counts what they do."""

    def __init__(self, window: MainWindow, qtbot: QtBot, screen: VirtualScreen) -> None:
        self.window, self.qtbot, self._screen = window, qtbot, screen
        self.n_actions = 0

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the focus is."""
        self.n_actions += 1
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifiers)

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click on a part of the window."""
        self.n_actions += 1
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())

    def choose(self, action: QAction) -> None:
        """Choose an entry of a menu, by its shortcut or the mouse."""
        assert action.isEnabled(), action.text()
        self.n_actions += 1
        action.trigger()

    def done(self, name: str) -> None:
        """A task is done: a picture of it, and not more than three actions."""
        assert self.n_actions <= 3, f"{name} took {self.n_actions} actions"
        self.n_actions = 0
        QTest.qWait(400)  # for the animations of the picture
        assert self._screen.picture(PICTURES / f"tour-{name}.png") > 100

    @property
    def events(self) -> EventsPanel:
        """The panel of events."""
        return self.window.docks.panel("events", EventsPanel)

    def has_heard(self, label: str) -> bool:
        """Whether an event of the label is over and in the list."""
        return any(event.label == label and event.offset_s is not None for event in self.events.model.rows)

    def hears_now(self) -> list[str]:
        """The names in large type."""
        return [row.name for row in self.window.tags.list.tags.rows if row.kind is RowKind.HEARD]

    def find(self, label: str) -> int:
        """The row of the newest event of a label."""
        return next(row for row, event in enumerate(self.events.model.rows) if event.label == label)


@pytest.fixture
def window(
    qt_on_screen: None, qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """The window of someone who starts the program for the first time."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    window = build_window(qapp, settings_path=tmp_path / "settings.ini")
    window.resize(1180, 760)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    assert window.file_tagging.close(60)
    assert window.jobs.wait(60)
    window.deleteLater()


def answer_with(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str) -> None:
    """What the file dialog answers, which is the system's and not ours."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args, **_words: (str(path), kind)))


def test_a_new_user_s_tour(
    window: MainWindow,
    microphone: VirtualMicrophone,
    screen: VirtualScreen,
    real_clip: Callable[[str], Path],
    drag: Callable[..., Child],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = Visitor(window, qtbot, screen)

    # Start listening: the window does so by itself; the input is the virtual microphone.
    window.begin(InputChoice("microphone", microphone.name))
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    dog = real_clip("dog")
    with microphone.playing(dog):
        qtbot.waitUntil(lambda: "Dog" in visitor.hears_now())
        visitor.done("listening")
    qtbot.waitUntil(lambda: visitor.has_heard("Dog"))

    # See what was heard before: Enter on its row.
    visitor.events.table.setFocus()
    visitor.events.table.choose(visitor.find("Dog"))
    visitor.press(Key.Key_Return)
    qtbot.waitUntil(lambda: not window.presenter.timeline.view.is_following)
    visitor.done("what-was-heard")

    # Hear it again: Space.
    visitor.press(Key.Key_Space)
    qtbot.waitUntil(lambda: window.sound.playback.is_playing)
    qtbot.waitUntil(lambda: not window.sound.playback.is_playing)
    visitor.done("heard-again")

    # Save it: select what is in view, then save.
    saved = tmp_path / "a dog.flac"
    answer_with(monkeypatch, saved, "FLAC (*.flac)")
    visitor.choose(window.menus.actions["select_view"])
    visitor.choose(window.menus.actions["save_stretch"])
    qtbot.waitUntil(saved.exists)
    samples, rate = soundfile.read(saved)
    assert rate in (44_100, 48_000), "the rate of the device"
    assert np.abs(samples).max() > 0.1
    visitor.done("saved")

    # Find all dogs of the last hour: type the name, choose the time.
    visitor.n_actions += 1
    QTest.keyClicks(visitor.events.filters.search, "Dog")
    visitor.n_actions += 1
    visitor.events.filters.time.setCurrentText("Last hour")
    qtbot.waitUntil(lambda: {event.label for event in visitor.events.model.rows} == {"Dog"})
    visitor.done("all-dogs")

    # Export them for Audacity.
    exported = tmp_path / "dogs.txt"
    answer_with(monkeypatch, exported, "Audacity labels (*.txt)")
    visitor.click(visitor.events.export_button)
    qtbot.waitUntil(exported.exists)
    assert {span.label for span in read_labels(exported).spans} == {"Dog"}
    visitor.done("exported")

    # Drop a folder.
    folder = tmp_path / "recordings"
    folder.mkdir()
    sounds.write_wav(folder / "sweep.wav", sounds.sweep(6))
    dog.rename(folder / "dog.wav")
    visitor.n_actions += 1
    with drag("Soundmark", folder) as hand:
        qtbot.waitUntil(lambda: hand.exit_code is not None)
    qtbot.waitUntil(lambda: len(window.files.rows) == 2 and all(row.is_over for row in window.files.rows))
    visitor.done("folder-dropped")

    # Change the microphone: here to the demo scene. What was heard stays.
    before = window.presenter.timeline.view.first_s
    visitor.choose(next(action for action in window.menus.input_menu.actions() if action.data() == DEMO_SCENE))
    qtbot.waitUntil(lambda: window.session.input == DEMO_SCENE and window.session.is_receiving)
    window.presenter.go_live()
    assert window.presenter.timeline.view.first_s <= before
    assert any(event.label == "Dog" for event in visitor.events.model.rows)
    visitor.done("another-input")
