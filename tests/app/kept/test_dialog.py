"""Sound and disk: what is chosen is used and remembered, and everything can be deleted."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.kept.deletion import DeleteDialog, delete_everything
from app.kept.dialog import SoundDialog
from app.main_window import MainWindow
from app.runtime.settings import UserSettings
from app.runtime.sound_settings import EVENTS, LIMITS, SoundSettings, default_record_folder
from core.audio.kept.recordings import EVENT, Recording
from core.audio.kept.segments import RingLimits
from core.errors import UserError
from rig import sounds
from tests.app.app_fakes import FakeCore
from tests.app.hearing import listen_to_sound, play_all
from tests.core.heard.made_events import heard


def test_settings_survive_their_text_and_nonsense_has_its_default() -> None:
    made = SoundSettings(False, 240, 500, "/music", EVENTS, 1.5, 3.0, 700, leaves_out_speech=True)
    assert SoundSettings.from_text(made.to_text()) == made
    for text in ("", "nonsense", "[]", '{"minutes": 0, "keeps_sound": "no", "record_mode": "all", "pre_roll_s": true}'):
        assert SoundSettings.from_text(text) == SoundSettings()
    assert SoundSettings().folder == default_record_folder()
    assert set(LIMITS) < set(SoundSettings.__dataclass_fields__)


def test_what_is_chosen_is_used_and_remembered(window: MainWindow, settings_path: Path, tmp_path: Path) -> None:
    window.menus.actions["sound_settings"].trigger()
    dialog = window.sound.kept.dialog
    assert isinstance(dialog, SoundDialog)
    dialog.minutes.setValue(60)
    dialog.ring_megabytes.setValue(300)
    dialog.folder.setText(str(tmp_path))
    dialog.mode.setCurrentIndex(dialog.mode.findData(EVENTS))
    dialog.leaves_out_speech.setChecked(True)
    dialog._accept()
    kept = window.sound.kept
    assert kept.ring.limits == RingLimits(3600.0, 300 << 20)
    stored = UserSettings(settings_path).sound
    assert stored == kept.settings
    assert (stored.minutes, stored.folder, stored.record_mode) == (60, tmp_path, EVENTS)
    assert stored.leaves_out_speech
    assert kept.dialog is None


def test_cancelling_changes_nothing(window: MainWindow) -> None:
    before = window.sound.kept.settings
    window.menus.actions["sound_settings"].trigger()
    dialog = window.sound.kept.dialog
    assert dialog is not None
    dialog.minutes.setValue(77)
    dialog.reject()
    assert window.sound.kept.settings == before


def test_the_dialog_says_what_is_in_use(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    window.menus.actions["sound_settings"].trigger()
    dialog = window.sound.kept.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: "MB" in dialog.used.text())
    assert dialog.recorded.text()


def test_what_does_not_apply_cannot_be_changed(window: MainWindow, qtbot: QtBot) -> None:
    dialog = SoundDialog(SoundSettings(), window)
    qtbot.addWidget(dialog)
    assert dialog.minutes.isEnabled()
    assert not dialog.pre_roll.isEnabled()
    dialog.mode.setCurrentIndex(dialog.mode.findData(EVENTS))
    assert dialog.pre_roll.isEnabled()
    dialog.keeps.setChecked(False)
    assert not dialog.minutes.isEnabled()
    assert not dialog.pre_roll.isEnabled()


def test_sound_that_is_not_to_be_kept_is_deleted(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    kept = window.sound.kept
    assert kept.ring.n_bytes > 0
    kept.apply(replace(kept.settings, keeps_sound=False))
    assert kept.sound.flush()
    assert kept.ring.n_bytes == 0


@pytest.mark.parametrize("with_recordings", [True, False])
def test_one_action_deletes_everything_that_was_kept(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, with_recordings: bool
) -> None:
    listen_to_sound(window, core, qtbot)
    kept, store = window.sound.kept, window.collector.store
    kept.recordings._path = tmp_path / "recordings.jsonl"
    recorded = tmp_path / "a.flac"
    recorded.write_bytes(b"sound")
    kept.recordings.add(Recording(str(recorded), EVENT, 1.0, 2.0))
    window.add_files([sounds.write_wav(tmp_path / "mine.wav", sounds.sweep(0.2))])
    qtbot.waitUntil(lambda: len(window.files.rows) == 1 and window.collector.store is not None)
    store = window.collector.store
    assert store is not None
    window.jobs.run(lambda: store.add([heard(1.0), heard(5.0)]))
    assert window.jobs.wait(60)
    window.menus.actions["delete_kept"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(DeleteDialog)))
    dialog = window.findChildren(DeleteDialog)[0]
    assert dialog.recordings.isChecked()
    dialog.recordings.setChecked(with_recordings)
    with qtbot.waitSignal(kept.deleted):
        dialog.delete.click()
    assert kept.ring.n_bytes == 0
    assert recorded.exists() is not with_recordings
    assert (tmp_path / "mine.wav").exists(), "files of the user stay"
    assert window.files.rows == []
    left: list[int] = []
    window.jobs.run(lambda: store.labels(), lambda labels: left.append(len(labels)))
    qtbot.waitUntil(lambda: left == [0])


def test_the_question_deletes_nothing_by_itself(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen_to_sound(window, core, qtbot)
    before = window.sound.kept.ring.n_bytes
    window.menus.actions["delete_kept"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(DeleteDialog)))
    window.findChildren(DeleteDialog)[0].keep.click()
    assert window.sound.kept.sound.flush()
    assert window.sound.kept.ring.n_bytes == before > 0


def test_what_cannot_be_deleted_is_told_after_the_rest_is_gone(window: MainWindow) -> None:
    deleted: list[str] = []

    def refuse() -> None:
        raise UserError("The disk can only be read.", "Allow writing.")

    with pytest.raises(UserError, match="only be read"):
        delete_everything(window.sound.kept.sound, None, (refuse, lambda: deleted.append("rest")))
    assert deleted == ["rest"]


def test_an_event_is_played_from_kept_sound_or_from_its_clip(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path
) -> None:
    listen_to_sound(window, core, qtbot)
    now = heard(0.5, 1.0, session=window.collector.session)
    window.sound.play_event(now)
    assert len(play_all(window, core, qtbot)) == 8000
    clip = sounds.write_wav(tmp_path / "clip.wav", sounds.sweep(0.5, 16_000), 16_000)
    window.sound.play_event(heard(0.5, 1.0, session="of last week", clip=str(clip)))
    assert window.sound.playback.path == clip
    qtbot.waitUntil(lambda: len(core.outputs) == 2)
    window.sound.playback.stop()
    with qtbot.waitSignal(window.sound.failed):
        window.sound.play_event(heard(0.5, 1.0, session="of last week"))


def test_an_event_that_begins_while_something_is_played_has_a_note(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    from core.inference.results import EventChange

    listen_to_sound(window, core, qtbot)
    found = []
    window.collector.changed.connect(found.append)
    core.listeners[-1].hear(300, 10, events=(EventChange(1, 0, 2.5, 0.9, 2.6),))
    qtbot.waitUntil(lambda: bool(found))
    assert found[0].note == ""
    window.sound.playback.play(0.5, 1.5)
    core.listeners[-1].hear(310, 10, events=(EventChange(2, 2, 3.15, 0.9, 3.2),))
    qtbot.waitUntil(lambda: any(event.onset_s == 3.15 for event in found))
    assert next(event.note for event in found if event.onset_s == 3.15) != ""
    window.sound.playback.stop()


def test_no_socket_is_opened_while_sound_is_kept_played_saved_and_recorded(
    window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something wants the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    kept = window.sound.kept
    kept.recordings._path = tmp_path / "recordings.jsonl"
    kept.apply(replace(kept.settings, record_folder=str(tmp_path / "recorded")))
    kept.record(True)
    listen_to_sound(window, core, qtbot)
    window.presenter.navigation.select(0.5, 1.5)
    window.menus.actions["play"].trigger()
    play_all(window, core, qtbot)
    stretch = window.sound.stretches.stretch()
    assert stretch is not None
    assert stretch.save(kept.ring, tmp_path / "a.flac").exists()
    kept.record(False)
    assert kept.sound.flush()
    assert list((tmp_path / "recorded").glob("*.flac"))


def test_the_dialog_is_opened_once(window: MainWindow) -> None:
    window.sound.kept.show_dialog()
    first = window.sound.kept.dialog
    window.sound.kept.show_dialog()
    assert window.sound.kept.dialog is first
