"""Playing clips: one at a time, all samples of each, and what is reported when one cannot be played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.results import clip_player
from app.results.clip_player import Clip, ClipPlayer, sound_of
from app.runtime.background_jobs import BackgroundJobs
from core.audio.playback.player import SoundPlayer
from core.errors import UserError
from rig import sounds
from tests.core.audio.playback.outputs import HandOutput


def _samples(clip: Clip) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(0, np.float32), *sound_of(clip).read()])


def test_every_sample_is_played(tmp_path: Path) -> None:
    wave = sounds.sweep(0.5, 44100)
    clip = Clip(sounds.write_wav(tmp_path / "a.wav", wave, 44100))
    assert sound_of(clip).sample_rate == 44100
    np.testing.assert_allclose(_samples(clip), wave, atol=1e-3)


def test_only_the_beginning_of_a_long_recording_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_player, "LONGEST_S", 1.0)
    path = sounds.write_wav(tmp_path / "a.wav", sounds.sweep(3, 44100), 44100)
    assert len(_samples(Clip(path))) == len(_samples(Clip(path, 0.5, 2.5))) == 44100


def test_only_the_part_that_a_clip_is_is_played(tmp_path: Path) -> None:
    wave = sounds.sweep(3, 44100)
    path = sounds.write_wav(tmp_path / "a.wav", wave, 44100)
    for clip, first, stop in ((Clip(path, 0.5, 1.25), 22050, 55125), (Clip(path, 2.5), 110250, 132300)):
        np.testing.assert_allclose(_samples(clip), wave[first:stop], atol=1e-3)


def test_a_part_after_the_end_of_its_file_is_refused(tmp_path: Path, jobs: BackgroundJobs, qtbot: QtBot) -> None:
    clip = Clip(sounds.write_wav(tmp_path / "a.wav", sounds.sweep(0.5)), 5.0, 6.0)
    player = ClipPlayer(jobs, start=lambda clip: SoundPlayer(sound_of(clip), 1.0, HandOutput))
    with qtbot.waitSignal(player.failed) as failed:
        player.play(clip)
    assert failed.args is not None
    assert "a.wav" in failed.args[0].problem
    assert player.clip is None


def test_the_name_of_a_part_has_its_times() -> None:
    assert Clip(Path("/x/a.wav")).name == "a.wav"
    assert Clip(Path("/x/a.wav"), 1.0, 2.5).name == "a.wav (0:01.0–0:02.5)"
    assert Clip(Path("/x/a.wav"), 61.0).name == "a.wav (1:01.0–end)"


class Sounding:
    """Plays until it is stopped, or has been heard."""

    position_s, failure = 0.0, None

    def __init__(self, is_over: bool) -> None:
        self.is_over, self.is_stopped = is_over, False

    def stop(self) -> None:
        self.is_stopped = True


def test_another_clip_takes_the_place_of_the_one_that_plays(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    a, b = Clip(Path("a")), Clip(Path("b"))
    made = {a: Sounding(False), b: Sounding(True)}
    player = ClipPlayer(jobs, start=lambda clip: made[clip])
    player.play(a)
    qtbot.waitUntil(lambda: player._sound is made[a])
    player.play(b)
    qtbot.waitUntil(lambda: made[a].is_stopped)
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
