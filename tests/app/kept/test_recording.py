"""Recording through the window: off until asked for, a lamp, whole sessions, clips of events, and speech left out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.runtime.sound_settings import EVENTS, SESSION, SoundSettings
from core.audio.kept.recordings import EVENT, Recording
from core.heard.event import EventQuery
from core.inference.results import EventChange
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore, FakeTagger, scores
from tests.app.hearing import RATE, hear_sound, listen_to_sound, numbers
from tests.core.heard.made_events import heard

SPEECH_NAMES = ("dog", "Speech", "rain")


@pytest.fixture
def folder(window: MainWindow, tmp_path: Path) -> Path:
    made = tmp_path / "recorded"
    window.sound.kept.recordings._path = tmp_path / "recordings.jsonl"
    return made


def use(window: MainWindow, folder: Path, mode: str, **more: object) -> None:
    chosen = replace(SoundSettings(), record_folder=str(folder), record_mode=mode, pre_roll_s=0.5, post_roll_s=0.25)
    window.sound.kept.apply(replace(chosen, **more))  # type: ignore[arg-type]


def event(label: int, onset_s: float, offset_s: float | None, number: int = 1) -> EventChange:
    return EventChange(number, label, onset_s, 0.9, offset_s or onset_s, offset_s)


def test_nothing_is_recorded_until_it_is_asked_for(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, SESSION)
    listen_to_sound(window, core, qtbot)
    assert not folder.exists()
    assert not window.sound.kept.lamp.isVisible()


def test_the_session_is_recorded_while_the_lamp_is_lit(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, SESSION)
    listen_to_sound(window, core, qtbot)
    record = window.menus.actions["record"]
    record.trigger()
    qtbot.waitUntil(window.sound.kept.lamp.isVisible)
    later = numbers(1.0, 11)
    hear_sound(window, core.listeners[-1], later, 3 * RATE)
    window.sound.kept.lamp.click()
    qtbot.waitUntil(lambda: not window.sound.kept.lamp.isVisible())
    assert not record.isChecked()
    hear_sound(window, core.listeners[-1], numbers(1.0, 12), 4 * RATE)
    (path,) = folder.glob("*.flac")
    written, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(written, later)


def test_closing_the_window_finishes_the_recording(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, SESSION)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    hear_sound(window, core.listeners[-1], numbers(1.0), 3 * RATE)
    ring_root = window.sound.kept.ring._folder
    assert ring_root is not None
    window.close()
    assert window.jobs.wait(60)
    (path,) = folder.glob("*.flac")
    assert len(soundfile.read(path)[0]) == RATE
    assert not ring_root.path.exists(), "the ring goes with the window"


def test_an_event_gets_a_clip_with_the_time_around_it(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, EVENTS)
    samples = listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    listener = core.listeners[-1]
    listener.hear(300, 10, events=(event(0, 1.0, None),))
    listener.hear(310, 10, events=(event(0, 1.0, 2.0),))
    with qtbot.waitSignal(window.sound.kept.clips.saved) as saved:
        pass
    assert saved.args is not None
    heard, path = saved.args
    written, _ = soundfile.read(path, dtype="int16")
    np.testing.assert_array_equal(written, samples[RATE // 2 : round(2.25 * RATE)])
    assert heard.label in Path(path).name
    assert [recording.kind for recording in window.sound.kept.recordings.all()] == [EVENT]
    store = window.collector.store
    assert store is not None
    found = []

    def stored() -> bool:
        window.jobs.run(lambda: found.append(store.page(EventQuery()).events))
        return any(row.clip == path for rows in found for row in rows)

    qtbot.waitUntil(stored)


def test_what_almost_was_an_event_costs_no_clip_of_another(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, EVENTS)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    listener = core.listeners[-1]
    listener.hear(300, 10, events=(event(0, 1.0, None),))
    qtbot.waitUntil(lambda: bool(window.sound.kept.clips._lasting))
    window.sound.kept.clips.take(heard(1.5, kind="near_miss"))
    with qtbot.waitSignal(window.sound.kept.clips.saved):
        listener.hear(310, 10, events=(event(0, 1.0, 2.0),))


@pytest.mark.parametrize("is_closed", [False, True])
def test_an_event_that_is_over_gets_its_clip_when_recording_stops_or_the_window_closes(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path, is_closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time afterwards has not been heard yet, and the disk is slow."""
    use(window, folder, EVENTS, post_roll_s=30.0)
    samples = listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    core.listeners[-1].hear(300, 10, events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    kept = window.sound.kept
    qtbot.waitUntil(lambda: bool(kept.clips._due))
    save, is_closing = kept.ring.save, threading.Event()
    monkeypatch.setattr(kept.ring, "save", lambda *args: (is_closing.wait(1.0), save(*args)))
    monkeypatch.setattr(kept.sound, "close", partial(_in_turn, is_closing.set, kept.sound.close))
    if is_closed:
        window.close()
    else:
        kept.record(False)
        is_closing.set()
    assert window.jobs.wait(PATIENCE_S)
    assert kept.clips.wait(PATIENCE_S)
    (path,) = folder.glob("*.flac")
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], samples[RATE // 2 :])


def test_a_clip_that_is_being_written_is_deleted_with_everything_else(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(window, folder, EVENTS)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    kept, save, is_deleting = window.sound.kept, window.sound.kept.ring.save, threading.Event()
    monkeypatch.setattr(kept.ring, "save", lambda *args: (save(*args), is_deleting.wait(2.0)))
    monkeypatch.setattr(kept.recordings, "delete_all", partial(_in_turn, is_deleting.set, kept.recordings.delete_all))
    core.listeners[-1].hear(300, 10, events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    qtbot.waitUntil(lambda: bool(kept.clips._saving))
    with qtbot.waitSignal(kept.deleted):
        kept.delete(True)
    assert kept.clips.wait(PATIENCE_S)
    assert list(folder.glob("*.flac")) == []


def _in_turn(first: Callable[[], object], then: Callable[[], object]) -> None:
    first()
    then()


@pytest.mark.parametrize(("speech", "is_kept"), [(0.02, True), (0.3, False)])
def test_a_clip_with_a_trace_of_speech_in_any_window_is_not_kept(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path, speech: float, is_kept: bool
) -> None:
    """The speech is far below its threshold and never a tag; the dog is the top label of every window."""
    core.models[None] = FakeTagger("Speaking", SPEECH_NAMES)
    use(window, folder, EVENTS, leaves_out_speech=True)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    listener, rows = core.listeners[-1], []
    for number in range(16):
        found = {0: 0.95, 1: speech if number == 7 else 0.0}
        rows.append(scores(20 * number, 20 * number + 20, found, 3))
    listener.hear(300, 20, scores=tuple(rows), events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    clips = window.sound.kept.clips
    if is_kept:
        with qtbot.waitSignal(clips.saved):
            pass
    else:
        qtbot.waitUntil(lambda: clips.left_out == 1)
        assert not folder.exists()


def test_a_model_that_knows_no_speech_keeps_no_clips_where_speech_is_to_be_left_out(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, EVENTS, leaves_out_speech=True)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    listener = core.listeners[-1]
    listener.hear(300, 10, scores=(scores(0, 310),), events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    listener.hear(310, 1200)
    qtbot.waitUntil(lambda: window.sound.kept.clips.left_out == 1)
    assert not folder.exists()


def test_clips_need_kept_sound(window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path) -> None:
    use(window, folder, EVENTS, keeps_sound=False)
    with qtbot.waitSignal(window.sound.failed):
        window.menus.actions["record"].trigger()
    assert not window.menus.actions["record"].isChecked()
    assert not window.sound.kept.lamp.isVisible()


def test_the_budget_deletes_the_oldest_and_nothing_of_a_starred_event(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    folder.mkdir()
    kept = window.sound.kept
    for number in range(5):
        path = folder / f"{number}.flac"
        path.write_bytes(bytes(60 << 20) if number < 4 else b"")
        kind = SESSION if number == 1 else EVENT
        kept.recordings.add(Recording(str(path), kind, 1000.0 * number, 1000.0 * number + 600))
    starred = heard(1.0, onset_at=1100.0, offset_at=1101.0, is_starred=True)
    clipped = heard(2.0, onset_at=5.0, offset_at=6.0, clip=str(folder / "0.flac"), is_starred=True)
    kept.starred = lambda: [starred, clipped]
    use(window, folder, SESSION, record_megabytes=100)
    kept.keep_budget()
    assert window.jobs.wait(60)
    assert sorted(path.name for path in folder.iterdir()) == ["0.flac", "1.flac", "4.flac"]


def test_a_disk_that_refuses_is_reported_once(window: MainWindow, core: FakeCore, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    use(window, tmp_path / "file" / "x", SESSION)
    told: list[object] = []
    window.sound.failed.connect(told.append)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    hear_sound(window, core.listeners[-1], numbers(0.5), 3 * RATE)
    for _ in range(3):
        window.sound.kept.watch()
    assert len(told) == 1
    assert window.session.is_listening


def test_a_clip_that_cannot_be_written_is_reported(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    use(window, tmp_path / "file" / "x", EVENTS)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    with qtbot.waitSignal(window.sound.failed):
        core.listeners[-1].hear(300, 10, events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    assert window.session.is_listening
    assert window.sound.kept.clips._saving == {}


def test_a_clip_that_is_cut_at_the_end_of_the_program_reaches_the_row_of_its_event(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    """No event loop runs any more: what is waited for is what `application` waits for."""
    use(window, folder, EVENTS, post_roll_s=30.0)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    core.listeners[-1].hear(300, 10, events=(event(0, 0.5, None), event(0, 0.5, 1.0), event(1, 1.0, None, number=2)))
    qtbot.waitUntil(lambda: bool(window.sound.kept.clips._due) and bool(window.collector._open))
    window.close()
    assert window.collector.settle(PATIENCE_S)
    assert window.sound.kept.clips.finish(PATIENCE_S)
    assert window.collector.close(PATIENCE_S)
    paths = {str(path) for path in folder.glob("*.flac")}
    assert len(paths) == 2, "the event that lasted has a clip too"
    assert {event.clip for event in core.events.events.values()} == paths
    assert all(event.offset_s is not None for event in core.events.events.values())


def test_clips_that_are_left_out_because_of_speech_are_counted_on_screen(
    window: MainWindow, core: FakeCore, qtbot: QtBot, folder: Path
) -> None:
    use(window, folder, EVENTS, leaves_out_speech=True, post_roll_s=0.0)
    listen_to_sound(window, core, qtbot)
    window.menus.actions["record"].trigger()
    lamp, clips = window.sound.kept.lamp, window.sound.kept.clips
    quiet = lamp.text()
    core.listeners[-1].hear(300, 1000, events=(event(0, 1.0, None), event(0, 1.0, 2.0)))
    core.listeners[-1].hear(1300, 1000)
    qtbot.waitUntil(lambda: clips.left_out == 1)
    assert "1 clip" in lamp.text()
    window.sound.kept.show_dialog()
    dialog = window.sound.kept.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: "1 clip" in dialog.recorded.text())
    dialog.reject()
    window.sound.kept.record(False)
    window.sound.kept.record(True)
    assert lamp.text() == quiet, "counted anew"
