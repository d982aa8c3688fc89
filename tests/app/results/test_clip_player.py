"""Playing clips: one at a time, all samples of each, and what is reported when the device fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.results import clip_player
from app.results.clip_player import Clip, ClipPlayer, start_sound
from app.runtime.background_jobs import BackgroundJobs
from core.audio.sources import input_devices
from core.audio.sources.microphone_turns import open_streams
from core.errors import UserError
from rig import sounds


class PortAudioError(Exception):
    """As sounddevice has it."""


class CallbackStop(Exception):
    """As sounddevice has it."""


class FakeStream:
    """An output that a test drains by hand."""

    opened: list[FakeStream]

    def __init__(self, callback: Callable[..., None], **options: Any) -> None:
        self.callback, self.options, self.is_closed = callback, options, False
        FakeStream.opened.append(self)

    def start(self) -> None:
        """It begins."""

    def abort(self, ignore_errors: bool) -> None:
        """It ends."""

    def close(self, ignore_errors: bool) -> None:
        self.is_closed = True

    def drain(self, n_frames: int) -> NDArray[np.float32]:
        """All samples until the callback says that there are no more."""
        blocks = []
        while True:
            out = np.full((n_frames, 1), 9.0, np.float32)
            blocks.append(out)
            try:
                self.callback(out, n_frames, None, None)
            except CallbackStop:
                return np.concatenate(blocks)[:, 0]


@pytest.fixture
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    FakeStream.opened = []
    module = SimpleNamespace(
        OutputStream=FakeStream,
        CallbackStop=CallbackStop,
        PortAudioError=PortAudioError,
        _terminate=lambda: None,
        _initialize=lambda: None,
    )
    monkeypatch.setattr(input_devices, "load_sounddevice", lambda: module)
    return module


def test_every_sample_is_played_and_then_silence(sounddevice: SimpleNamespace, tmp_path: Path) -> None:
    wave = sounds.sweep(0.5, 44100)
    sound = start_sound(Clip(sounds.write_wav(tmp_path / "a.wav", wave, 44100)))
    stream = FakeStream.opened[0]
    assert stream in open_streams, "no microphone ends PortAudio under it"
    played = stream.drain(1000)
    assert sound.duration_s == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(played[: len(wave)], wave, atol=1e-3)
    assert not played[len(wave) :].any()
    sound.stop()
    assert stream.is_closed
    assert not open_streams


def test_only_the_beginning_of_a_long_recording_is_played(
    sounddevice: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_player, "_LONGEST_S", 1.0)
    sound = start_sound(Clip(sounds.write_wav(tmp_path / "a.wav", sounds.sweep(3))))
    assert sound.duration_s == 1.0
    sound.stop()


def test_only_the_part_that_a_clip_is_is_played(sounddevice: SimpleNamespace, tmp_path: Path) -> None:
    wave = sounds.sweep(3, 44100)
    path = sounds.write_wav(tmp_path / "a.wav", wave, 44100)
    for clip, first, stop in ((Clip(path, 0.5, 1.25), 22050, 55125), (Clip(path, 2.5), 110250, 132300)):
        sound = start_sound(clip)
        assert sound.duration_s == pytest.approx((stop - first) / 44100, abs=0.01)
        np.testing.assert_allclose(FakeStream.opened[-1].drain(1000)[: stop - first], wave[first:stop], atol=1e-3)
        sound.stop()


def test_a_part_after_the_end_of_its_file_is_refused(sounddevice: SimpleNamespace, tmp_path: Path) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", sounds.sweep(0.5))
    with pytest.raises(UserError, match=r"a\.wav"):
        start_sound(Clip(path, 5.0, 6.0))


def test_the_name_of_a_part_has_its_times() -> None:
    assert Clip(Path("/x/a.wav")).name == "a.wav"
    assert Clip(Path("/x/a.wav"), 1.0, 2.5).name == "a.wav (0:01.0–0:02.5)"
    assert Clip(Path("/x/a.wav"), 61.0).name == "a.wav (1:01.0–end)"


def test_without_speakers_the_problem_is_reported(sounddevice: SimpleNamespace, tmp_path: Path) -> None:
    def refuse(**_options: Any) -> None:
        raise PortAudioError("no device")

    sounddevice.OutputStream = refuse
    with pytest.raises(UserError, match="no device") as refused:
        start_sound(Clip(sounds.write_wav(tmp_path / "a.wav", sounds.sweep(0.2))))
    assert "speakers" in refused.value.remedy
    assert not open_streams


class Sounding:
    """Plays until it is stopped."""

    def __init__(self, duration_s: float) -> None:
        self.duration_s, self.is_stopped = duration_s, False

    def stop(self) -> None:
        self.is_stopped = True


def test_another_clip_takes_the_place_of_the_one_that_plays(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    a, b = Clip(Path("a")), Clip(Path("b"))
    made = {a: Sounding(60), b: Sounding(0.05)}
    player = ClipPlayer(jobs, start=lambda clip: made[clip])
    player.play(a)
    qtbot.waitUntil(lambda: player._sound is made[a])
    player.play(b)
    qtbot.waitUntil(lambda: made[a].is_stopped)
    assert player.clip == b
    qtbot.waitUntil(lambda: player.clip is None)
    qtbot.waitUntil(lambda: made[b].is_stopped)


def test_a_clip_that_cannot_be_played_is_reported(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    refusal = UserError("It is broken.", "Fix it.")

    def refuse(_clip: Clip) -> Sounding:
        raise refusal

    player = ClipPlayer(jobs, start=refuse)
    with qtbot.waitSignal(player.failed) as failed:
        player.play(Clip(Path("a")))
    assert failed.args == [refusal]
    assert player.clip is None
