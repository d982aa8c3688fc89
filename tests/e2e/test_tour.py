"""A new user's tour of the window: each task in at most three actions, on a real (virtual) screen and microphone.

It takes the pictures of docs/tour.md: `SOUNDMARK_TOUR=docs/tour` writes them there, otherwise they lie with the other
screenshots.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.events.panel import EventsPanel
from app.events.texts import NAME
from app.main_window import MainWindow
from app.tags.rows import RowKind
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.event_files.main import read_labels
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import tiny_checkpoint
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

    def type(self, field: QLineEdit, text: str) -> None:
        """Type into a field."""
        self.n_actions += 1
        QTest.keyClicks(field, text)

    def pick(self, box: QComboBox, text: str) -> None:
        """Choose from a list."""
        self.n_actions += 1
        box.setCurrentText(text)

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
    monkeypatch.setenv("SOUNDMARK_MODELS", str(tmp_path / "models"))
    save_checkpoint(tiny_checkpoint(name="Workshop"), tmp_path / "models" / "workshop")
    window = build_window(qapp, settings_path=tmp_path / "settings.ini")
    window.resize(1180, 760)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    assert window.file_tagging.close(60)
    assert window.jobs.wait(60)
    window.deleteLater()


@pytest.fixture
def visitor(window: MainWindow, qtbot: QtBot, screen: VirtualScreen) -> Visitor:
    return Visitor(window, qtbot, screen)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tour takes place."""

    visitor: Visitor
    folder: Path
    """For files that are written on the way."""
    answer: Callable[[Path, str], None]
    """What the next file dialog answers: a path, and the kind of file."""


def listen(place: Place, microphone: VirtualMicrophone, clip: Path) -> None:
    """The window listens by itself; something barks."""
    visitor, window = place.visitor, place.visitor.window
    window.begin(InputChoice("microphone", microphone.name))
    visitor.qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    with microphone.playing(clip):
        visitor.qtbot.waitUntil(lambda: "Dog" in visitor.hears_now())
        visitor.done("listening")
    visitor.qtbot.waitUntil(lambda: visitor.has_heard("Dog"))


def see_what_was_heard(place: Place) -> None:
    """Enter on its row."""
    visitor = place.visitor
    visitor.events.table.setFocus()
    visitor.events.table.choose(visitor.find("Dog"))
    visitor.press(Key.Key_Return)
    visitor.qtbot.waitUntil(lambda: not visitor.window.presenter.timeline.view.is_following)
    visitor.done("what-was-heard")


def hear_it_again(place: Place) -> None:
    """Space on its row."""
    visitor, playback = place.visitor, place.visitor.window.sound.playback
    visitor.press(Key.Key_Space)
    visitor.qtbot.waitUntil(lambda: playback.is_playing)
    visitor.qtbot.waitUntil(lambda: not playback.is_playing)
    visitor.done("heard-again")


def save_it(place: Place) -> None:
    """Select what is in view, and save it."""
    visitor, saved = place.visitor, place.folder / "a dog.flac"
    place.answer(saved, "FLAC (*.flac)")
    visitor.choose(visitor.window.menus.actions["select_view"])
    visitor.choose(visitor.window.menus.actions["save_stretch"])
    visitor.qtbot.waitUntil(saved.exists)
    samples, rate = soundfile.read(saved)
    assert rate in (44_100, 48_000), "the rate of the device"
    assert np.abs(samples).max() > 0.1
    visitor.done("saved")


def find_all_dogs(place: Place) -> None:
    """Type the name, and choose the last hour."""
    visitor = place.visitor
    visitor.type(visitor.events.filters.search, "Dog")
    visitor.pick(visitor.events.filters.time, "Last hour")
    visitor.qtbot.waitUntil(lambda: {event.label for event in visitor.events.model.rows} == {"Dog"})
    visitor.done("all-dogs")


def export_for_audacity(place: Place) -> None:
    """One button, and a name in the file dialog."""
    visitor, exported = place.visitor, place.folder / "dogs.txt"
    place.answer(exported, "Audacity labels (*.txt)")
    visitor.click(visitor.events.export_button)
    visitor.qtbot.waitUntil(exported.exists)
    assert {span.label for span in read_labels(exported).spans} == {"Dog"}
    visitor.done("exported")


def drop_a_folder(place: Place, clip: Path, drag: Callable[..., Child]) -> None:
    """One drag."""
    visitor, files = place.visitor, place.visitor.window.files
    folder = place.folder / "recordings"
    folder.mkdir()
    sounds.write_wav(folder / "sweep.wav", sounds.sweep(6))
    shutil.copy(clip, folder / "dog.wav")
    visitor.n_actions += 1
    with drag("Soundmark", folder) as hand:
        visitor.qtbot.waitUntil(lambda: hand.exit_code is not None)
    visitor.qtbot.waitUntil(lambda: len(files.rows) == 2 and all(row.is_over for row in files.rows))
    visitor.done("folder-dropped")


def play_an_event_of_a_file(place: Place) -> None:
    """A click on the row of the file, one on the event in the list beside it, and Space."""
    visitor, window = place.visitor, place.visitor.window
    table, row = window.files_panel.table, [row.path.name for row in window.files.rows].index("dog.wav")
    visitor.click(table.viewport(), table.visualRect(window.files.index(row, 0)).center())
    visitor.qtbot.waitUntil(lambda: window.presenter.timeline.title == "dog.wav")
    visitor.qtbot.waitUntil(lambda: window.presenter.timeline.history is not None)
    listed = window.file_controls.events
    visitor.qtbot.waitUntil(lambda: "Dog" in [event.label for event in listed.model.rows])
    event = [event.label for event in listed.model.rows].index("Dog")
    QTest.qWait(200)  # for the layout of the list that has just come up
    place_of_event = listed.table.visualRect(listed.model.index(event, NAME)).center()
    visitor.click(listed.table.viewport(), place_of_event)
    visitor.press(Key.Key_Space)
    visitor.qtbot.waitUntil(lambda: window.sound.playback.is_playing)
    assert window.sound.playback.path == window.presenter.timeline.path
    visitor.done("a-file-is-played")
    visitor.qtbot.waitUntil(lambda: not window.sound.playback.is_playing)


def change_the_input(place: Place) -> None:
    """From the menu of inputs, here to the demo scene; what was heard stays."""
    visitor, window = place.visitor, place.visitor.window
    window.presenter.go_live()
    before_s = window.presenter.timeline.view.first_s
    visitor.choose(next(action for action in window.menus.input_menu.actions() if action.data() == DEMO_SCENE))
    visitor.qtbot.waitUntil(lambda: window.session.input == DEMO_SCENE and window.session.is_receiving)
    assert window.presenter.timeline.view.first_s == before_s
    assert visitor.has_heard("Dog")
    visitor.done("another-input")


def switch_the_model(place: Place) -> None:
    """From the menu of models; the lanes of the one before stay."""
    visitor, window = place.visitor, place.visitor.window
    menu = window.menus.model_menu
    visitor.choose(next(action for action in menu.actions() if action.data() == "workshop"))
    visitor.qtbot.waitUntil(lambda: window.session.model == "workshop" and window.session.latest_scores is not None)
    assert [scores.model for scores in window.presenter.timeline.models] == ["Everyday sounds", "Workshop"]
    assert visitor.has_heard("Dog")
    visitor.done("another-model")


def test_a_new_user_s_tour(
    visitor: Visitor,
    microphone: VirtualMicrophone,
    real_clip: Callable[[str], Path],
    drag: Callable[..., Child],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(path: Path, kind: str) -> None:
        # The file dialog is the system's, not ours.
        monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args, **_words: (str(path), kind)))

    place, dog = Place(visitor, tmp_path, answer), real_clip("dog")
    listen(place, microphone, dog)
    for task in (see_what_was_heard, hear_it_again, save_it, find_all_dogs, export_for_audacity):
        task(place)
    drop_a_folder(place, dog, drag)
    play_an_event_of_a_file(place)
    change_the_input(place)
    switch_the_model(place)
