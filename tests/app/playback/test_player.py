"""Playing: what was kept, or a file; the cursor; and what is reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.playback.player import Playback
from app.runtime.background_jobs import BackgroundJobs
from core.audio.block import AudioBlock
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.ring import SoundRing
from core.errors import UserError
from rig import sounds
from tests.app.app_fakes import FakeCore

RATE = 8000


@pytest.fixture
def wave() -> np.ndarray:
    return (np.random.default_rng(3).integers(1, 30000, 2 * RATE) / 32768).astype(np.float32)


@pytest.fixture
def kept(tmp_path: Path, wave: np.ndarray) -> Iterator[KeptSound]:
    """Two seconds of sound from 10 s on."""
    made = KeptSound(SoundRing(tmp_path / "sound"))
    take = made.begin_take("USB Mic")
    take.place(10.0)
    take.push(AudioBlock(wave, 0, RATE))
    assert made.flush()
    yield made
    assert made.close()


@pytest.fixture
def playback(core: FakeCore, jobs: BackgroundJobs, kept: KeptSound) -> Iterator[Playback]:
    made = Playback(core.api(), jobs, kept.ring)
    yield made
    made.stop()


def _hear_all(playback: Playback, core: FakeCore, qtbot: QtBot) -> np.ndarray:
    qtbot.waitUntil(lambda: bool(core.outputs))
    qtbot.waitUntil(lambda: (core.outputs[-1].take(160), not playback.is_playing)[1])
    return core.outputs[-1].taken[core.outputs[-1].taken != 0]


def test_kept_sound_is_played_as_it_came_in(playback: Playback, core: FakeCore, wave: np.ndarray, qtbot: QtBot) -> None:
    places: list[float] = []
    playback.moved.connect(places.append)
    with qtbot.waitSignals([playback.started, playback.stopped]):
        playback.play(10.5, 11.25)
        assert playback.is_playing
        heard = _hear_all(playback, core, qtbot)
    np.testing.assert_array_equal(heard, wave[RATE // 2 : RATE * 5 // 4])
    assert places == sorted(places)
    assert 10.5 <= places[0] <= places[-1] <= 11.25
    qtbot.waitUntil(lambda: core.outputs[0].is_closed)


def test_silence_before_and_after_what_is_kept_is_left_out(
    playback: Playback, core: FakeCore, wave: np.ndarray, qtbot: QtBot
) -> None:
    places: list[float] = []
    playback.moved.connect(places.append)
    playback.play(0.0, 100.0)
    np.testing.assert_array_equal(_hear_all(playback, core, qtbot), wave)
    assert places[0] >= 10.0


def test_half_speed_takes_twice_as_long(playback: Playback, core: FakeCore, qtbot: QtBot) -> None:
    playback.play(10.0, 11.0, 0.5)
    assert len(_hear_all(playback, core, qtbot)) == pytest.approx(2 * RATE, abs=200)


def test_a_file_is_played(playback: Playback, core: FakeCore, tmp_path: Path, qtbot: QtBot) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", sounds.sweep(1, 48_000), 48_000)
    playback.play_file(path, 0.25, 0.5)
    assert playback.path == path
    assert len(_hear_all(playback, core, qtbot)) == pytest.approx(12_000, abs=20)


def test_another_sound_takes_the_place_of_the_one_that_plays(playback: Playback, core: FakeCore, qtbot: QtBot) -> None:
    playback.play(10.0, 12.0)
    qtbot.waitUntil(lambda: len(core.outputs) == 1)
    playback.play(11.0, 12.0)
    qtbot.waitUntil(lambda: len(core.outputs) == 2 and core.outputs[0].is_closed)
    assert playback.is_playing
    playback.stop()
    assert not playback.is_playing
    qtbot.waitUntil(lambda: core.outputs[1].is_closed)


@pytest.mark.parametrize("what", ["speakers", "sound"])
def test_what_cannot_be_played_is_reported(playback: Playback, core: FakeCore, qtbot: QtBot, what: str) -> None:
    if what == "speakers":
        core.no_speakers = UserError("There are no speakers.", "Plug some in.")
    with qtbot.waitSignals([playback.failed, playback.stopped]):
        playback.play(*((10.0, 11.0) if what == "speakers" else (0.0, 5.0)))
    assert not playback.is_playing
    assert core.outputs == []


def test_speakers_that_are_unplugged_are_reported(playback: Playback, core: FakeCore, qtbot: QtBot) -> None:
    playback.play(10.0, 12.0)
    qtbot.waitUntil(lambda: bool(core.outputs))
    with qtbot.waitSignal(playback.failed):
        core.outputs[0].is_alive = False
    assert not playback.is_playing
