"""The selected stretch through the window: hear it, save it, copy it, take it along, tag it, learn from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.kept.clip_dialog import ClipDialog
from app.main_window import MainWindow
from app.spectrogram.timeline import PLAYING
from core.audio.kept.pieces import to_float
from core.errors import UserError
from rig import sounds
from tests.app.app_fakes import FakeCore, FakeTagger, level
from tests.app.hearing import RATE, listen_to_sound, play_all
from tests.app.window_driving import press

SHIFT = Qt.KeyboardModifier.ShiftModifier


def _select(window: MainWindow, start_s: float = 0.5, stop_s: float = 1.5) -> None:
    window.presenter.navigation.select(start_s, stop_s)


def test_space_plays_the_selected_stretch_and_its_moment_is_marked(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    samples = listen_to_sound(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s == 3.0)
    _select(window)
    marks: list[float | None] = []
    window.presenter.navigation.playing_moved.connect(lambda: marks.append(window.presenter.timeline.playing_s))
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_Space)
    assert window.menus.actions["play"].text().startswith("&Stop")
    np.testing.assert_array_equal(play_all(window, core, qtbot), to_float(samples[RATE // 2 : RATE * 3 // 2]))
    heard = [moment for moment in marks if moment is not None]
    assert heard
    assert 0.5 <= min(heard) <= max(heard) <= 1.5
    assert window.presenter.timeline.playing_s is None
    assert window.menus.actions["play"].text().startswith("&Play")


def test_space_again_stops(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(core.outputs))
    press(window, Qt.Key.Key_Space)
    assert not window.sound.playback.is_playing
    qtbot.waitUntil(lambda: core.outputs[0].is_closed)


def test_shift_and_space_play_at_half_speed(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_Space, SHIFT)
    assert len(play_all(window, core, qtbot)) == pytest.approx(2 * RATE, abs=200)


def test_without_a_selection_it_plays_from_the_cursor_on(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    samples = listen_to_sound(window, core, qtbot)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s == 3.0)
    window.presenter.navigation.set_cursor(2.25)
    window.menus.actions["play"].trigger()
    np.testing.assert_array_equal(play_all(window, core, qtbot), to_float(samples[round(2.25 * RATE) :]))


def test_a_stretch_is_selected_with_the_keyboard(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    assert not window.menus.actions["save_stretch"].isEnabled()
    window.presenter.navigation.set_cursor(1.0)
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_Right, SHIFT)
    stretch_s = window.presenter.timeline.stretch_s
    assert stretch_s is not None
    assert stretch_s[0] == 1.0 < stretch_s[1]
    assert window.menus.actions["save_stretch"].isEnabled()
    window.menus.actions["clear_stretch"].trigger()
    assert window.presenter.timeline.stretch_s is None
    assert not window.menus.actions["save_stretch"].isEnabled()


@pytest.mark.parametrize("name", ["mine.wav", "mine.flac", "mine"])
def test_a_stretch_is_saved_at_the_devices_rate(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    samples = listen_to_sound(window, core, qtbot)
    _select(window)
    offered: list[str] = []

    def choose(_parent: object, _title: str, at_first: str, kinds: str) -> tuple[str, str]:
        offered.append(at_first)
        return str(tmp_path / name), kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    with qtbot.waitSignal(window.sound.stretches.saved) as saved:
        window.menus.actions["save_stretch"].trigger()
    assert saved.args is not None
    written, rate = soundfile.read(saved.args[0], dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(written, samples[RATE // 2 : RATE * 3 // 2])
    assert offered[0].startswith("Soundmark 20")
    assert saved.args[0].suffix in {".wav", ".flac"}


def test_saving_into_a_folder_that_is_not_there_is_reported(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "a.wav"), ""))
    with qtbot.waitSignal(window.sound.failed):
        window.menus.actions["save_stretch"].trigger()
    assert window.banner.isVisible()


def test_a_stretch_is_copied_as_a_file(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    samples = listen_to_sound(window, core, qtbot)
    _select(window)
    window.menus.actions["copy_stretch"].trigger()
    qtbot.waitUntil(lambda: bool(copied := QApplication.clipboard().mimeData()) and copied.hasUrls())
    (url,) = QApplication.clipboard().mimeData().urls()
    written, _ = soundfile.read(url.toLocalFile(), dtype="int16")
    np.testing.assert_array_equal(written, samples[RATE // 2 : RATE * 3 // 2])


@pytest.mark.parametrize("is_held", [True, False])
def test_a_stretch_is_dragged_away_as_a_file_while_the_button_is_down(
    window: MainWindow, core: FakeCore, qtbot: QtBot, is_held: bool
) -> None:
    samples = listen_to_sound(window, core, qtbot)
    _select(window)
    dragged: list[Path] = []
    asked: list[bool] = []
    stretches = window.sound.stretches
    stretches.start_drag = dragged.append
    stretches.is_held = lambda: asked.append(True) or is_held
    window.spectrogram.plot.pressed_in_stretch.emit()
    qtbot.waitUntil(lambda: bool(asked))
    assert len(dragged) == is_held
    for path in dragged:
        written, _ = soundfile.read(path, dtype="int16")
        np.testing.assert_array_equal(written, samples[RATE // 2 : RATE * 3 // 2])


def test_a_stretch_is_tagged_with_another_model_in_the_list_of_files(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.models["other"] = FakeTagger("Other")
    samples = listen_to_sound(window, core, qtbot)
    _select(window)
    menu = window.menus.selection_models
    qtbot.waitUntil(lambda: len(window.model_menu.choices) > 1)
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Other").trigger()
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE])
    (row,) = window.files.rows
    assert row.timeline.labels is core.models["other"].labels
    written, _ = soundfile.read(row.path, dtype="int16")
    np.testing.assert_array_equal(written, samples[RATE // 2 : RATE * 3 // 2])
    assert window.session.tagger is core.models[None], "live tagging keeps its model"


def test_a_model_that_cannot_be_loaded_is_reported(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    with qtbot.waitSignal(window.sound.failed):
        window.sound.stretches.tag_with("nonesuch")
    assert window.files.rows == []


def test_a_stretch_becomes_a_clip_of_a_training_set(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path
) -> None:
    samples = listen_to_sound(window, core, qtbot)
    _select(window)
    (tmp_path / "set" / "dog").mkdir(parents=True)
    for _ in range(2):
        window.menus.actions["add_clip"].trigger()
        dialog = window.findChildren(ClipDialog)[-1]
        dialog.folder.setText(str(tmp_path / "set"))
        assert [dialog.label.itemText(i) for i in range(dialog.label.count())] == ["dog"]
        dialog.label.setEditText("dog")
        with qtbot.waitSignal(window.sound.stretches.saved):
            dialog.add.click()
    clips = sorted((tmp_path / "set" / "dog").iterdir())
    assert len(clips) == 2
    for clip in clips:
        written, rate = soundfile.read(clip, dtype="int16")
        assert rate == RATE
        np.testing.assert_array_equal(written, samples[RATE // 2 : RATE * 3 // 2])


def test_a_clip_needs_folder_and_label(window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ClipDialog(None, "", window)
    qtbot.addWidget(dialog)
    assert not dialog.add.isEnabled()
    dialog.folder.setText(str(tmp_path))
    assert not dialog.add.isEnabled()
    dialog.label.setEditText("dog")
    assert dialog.add.isEnabled()
    dialog.label.setEditText(" . ")
    assert not dialog.add.isEnabled()


def test_a_stretch_of_a_file_is_played_and_saved_from_the_file(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = np.random.default_rng(1).uniform(0.1, 0.9, 3 * 16_000).astype(np.float32)
    path = sounds.write_wav(tmp_path / "street.wav", wave, 16_000)
    window.begin()
    window.add_files([path])
    qtbot.waitUntil(lambda: len(window.files.rows) == 1)
    window.files_panel.table.selectRow(0)
    qtbot.waitUntil(lambda: window.presenter.timeline.history is not None and not window.presenter.timeline.is_live)
    _select(window)
    window.menus.actions["play"].trigger()
    np.testing.assert_allclose(play_all(window, core, qtbot), wave[8000:24_000], atol=1e-4)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "part.wav"), ""))
    with qtbot.waitSignal(window.sound.stretches.saved):
        window.menus.actions["save_stretch"].trigger()
    written, rate = soundfile.read(tmp_path / "part.wav", dtype="float32")
    assert rate == 16_000
    np.testing.assert_allclose(written, wave[8000:24_000], atol=1e-4)


def test_without_speakers_the_problem_is_in_the_banner(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    core.no_speakers = UserError("There are no speakers.", "Plug some in.")
    window.menus.actions["play"].trigger()
    qtbot.waitUntil(lambda: window.banner.isVisible())
    assert "speakers" in window.banner.text.text()


def test_live_tags_are_marked_while_something_is_played(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    marks = window.sound.marks
    assert marks.note_of(2.0) == ""
    window.menus.actions["play"].trigger()
    assert marks.is_heard
    assert marks.note_of(3.5) != ""
    window.presenter.navigation.go_live()
    core.listeners[-1].hear(300, 100, level=level(-20.0))
    qtbot.waitUntil(lambda: window.session.clock.next_frame == 400)
    qtbot.waitUntil(lambda: PLAYING in window.spectrogram.caption.text())
    assert PLAYING in window.tags.heading.text()
    window.menus.actions["play"].trigger()
    assert not marks.is_heard
    qtbot.waitUntil(lambda: PLAYING not in window.spectrogram.caption.text())
    assert marks.note_of(3.5) != "", "what began then is still marked"
    assert marks.note_of(60.0) == ""


def test_the_menu_of_the_picture_is_that_of_the_selection(
    window: MainWindow, core: FakeCore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen_to_sound(window, core, qtbot)
    _select(window)
    shown: list[QPoint] = []
    monkeypatch.setattr(window.menus.selection_menu, "popup", shown.append)
    window.spectrogram.plot.menu_wanted.emit(QPoint(40, 50))
    assert shown == [QPoint(40, 50)]


def test_what_of_a_saved_stretch_is_not_kept_any_more_is_told(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen_to_sound(window, core, qtbot)
    window.presenter.navigation.select(0.0, 2.0)
    monkeypatch.setattr(window.sound.kept.ring, "extent", lambda start_s, stop_s: (start_s + 1.25, stop_s))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.wav"), "WAV (*.wav)"))
    with qtbot.waitSignal(window.sound.stretches.missing) as missing:
        window.menus.actions["save_stretch"].trigger()
    assert missing.args is not None
    assert "first" in missing.args[0]
    assert "last" not in missing.args[0]
    assert (tmp_path / "a.wav").exists()


def test_space_plays_a_file_whose_picture_has_not_been_read(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", sounds.sweep(1.0))
    window.begin(files=[path])
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE])
    monkeypatch.setattr(window.file_tagging, "request_picture", lambda _row: None)
    window.files_panel.table.selectRow(0)
    assert window.presenter.timeline.history is None
    press(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(core.outputs))
    assert len(play_all(window, core, qtbot)) > 0
