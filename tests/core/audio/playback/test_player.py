"""Every sample is played once, at its speed, and the position is what is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.playback.file_sound import file_sound
from core.audio.playback.output import Fill
from core.audio.playback.player import PlayableSound, SoundPlayer
from core.errors import UserError
from rig import sounds
from rig.waiting import PATIENCE_S, wait_for
from tests.core.audio.playback.outputs import HandOutput


class Bench:
    """A player and its output. own_rate: of the device, where it refuses the sound's."""

    def __init__(self, sound: PlayableSound, speed: float = 1.0, own_rate: int | None = None) -> None:
        self.outputs: list[HandOutput] = []

        def open_device(rate: int, fill: Fill) -> HandOutput:
            self.outputs.append(HandOutput(rate, fill, own_rate))
            return self.outputs[0]

        self.player = SoundPlayer(sound, speed, open_device)
        self.output = self.outputs[0]

    def play_all(self) -> NDArray[np.float32]:
        """All that was played, without the silence of waiting: the sounds of these tests have no zero in them."""

        def played() -> bool:
            self.output.take(480)
            return self.player.is_over

        wait_for(played, PATIENCE_S, "the end of the sound")
        return self.output.taken[self.output.taken != 0]


def made(samples: NDArray[np.float32], rate: int = 48000, start_s: float = 0.0) -> PlayableSound:
    return PlayableSound(start_s, rate, lambda: iter(np.array_split(samples, 7)))


def loud(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).uniform(0.1, 0.9, n).astype(np.float32)


def test_at_the_devices_rate_every_sample_is_played_as_it_is() -> None:
    samples = loud(30_001)
    bench = Bench(made(samples))
    np.testing.assert_array_equal(bench.play_all(), samples)
    bench.player.stop()
    assert bench.output.is_closed


def test_another_rate_is_resampled() -> None:
    bench = Bench(made(loud(16_000), 16_000), own_rate=48_000)
    assert len(bench.play_all()) == pytest.approx(48_000, abs=5)
    bench.player.stop()


def test_half_speed_lasts_twice_as_long_an_octave_lower() -> None:
    rate, hertz = 8000, 400.0
    tone = (0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.float32)
    bench = Bench(made(tone, rate), 0.5)
    wait_for(lambda: (bench.output.take(480), bench.player.is_over)[1], PATIENCE_S, "the end of the sound")
    played = np.trim_zeros(bench.output.taken)
    assert len(played) == pytest.approx(2 * rate, abs=50)
    spectrum = np.abs(np.fft.rfft(played))
    assert np.argmax(spectrum) * rate / len(played) == pytest.approx(hertz / 2, abs=1)
    bench.player.stop()


def played_frames(bench: Bench) -> NDArray[np.intp]:
    """Where the sound itself was played: a reader that is late leaves silence before a piece, or within it."""
    return np.flatnonzero(bench.output.taken)


@pytest.mark.parametrize("speed", [1.0, 0.5])
def test_the_position_is_what_is_heard(speed: float) -> None:
    bench = Bench(made(loud(48_000), start_s=12.0), speed)
    wait_for(lambda: bench.output.take(480).any(), PATIENCE_S, "the first sound")
    bench.output.heard = 0.0
    assert bench.player.position_s == 12.0
    wait_for(lambda: (bench.output.take(480), played_frames(bench).size > 24_000)[1], PATIENCE_S, "more sound")
    bench.output.heard = float(played_frames(bench)[9600])
    assert bench.player.position_s == pytest.approx(12.0 + 0.2 * speed, abs=1e-6)
    assert not bench.player.is_over
    bench.player.stop()


def test_a_sound_that_cannot_be_read_is_reported() -> None:
    def broken() -> Iterator[NDArray[np.float32]]:
        yield loud(10)
        raise UserError("It is broken.", "Mend it.")

    bench = Bench(PlayableSound(0.0, 48000, broken))
    wait_for(lambda: bench.player.is_over, PATIENCE_S, "the end")
    assert bench.player.failure is not None
    assert bench.player.failure.problem == "It is broken."
    bench.player.stop()


def test_a_device_that_goes_away_is_reported() -> None:
    bench = Bench(made(loud(48_000)))
    wait_for(lambda: bench.output.take(480).any(), PATIENCE_S, "the first sound")
    assert bench.player.failure is None
    bench.output.is_alive = False
    assert bench.player.is_over
    assert bench.player.failure is not None
    bench.player.stop()


def test_it_stops_in_the_middle() -> None:
    bench = Bench(PlayableSound(0.0, 48000, lambda: iter(lambda: loud(48_000), None)))
    bench.output.take(480)
    bench.player.stop()
    assert bench.output.is_closed
    assert not bench.player._thread.is_alive()


def test_other_speeds_are_refused() -> None:
    with pytest.raises(ValueError, match="3"):
        Bench(made(loud(10)), 3.0)


@pytest.mark.parametrize(("start_s", "stop_s"), [(0.0, None), (0.5, 1.25), (2.5, None), (0.0, 9.0)])
def test_a_files_part_is_played(tmp_path: Path, start_s: float, stop_s: float | None) -> None:
    wave = (0.1 + 0.8 * np.random.default_rng(2).random(3 * 48_000)).astype(np.float32)
    bench = Bench(file_sound(sounds.write_wav(tmp_path / "a.wav", wave, 48_000), start_s, stop_s))
    wanted = wave[round(start_s * 48_000) : None if stop_s is None else round(stop_s * 48_000)]
    np.testing.assert_allclose(bench.play_all(), wanted, atol=1e-4)
    bench.player.stop()


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.wav"):
        file_sound(tmp_path / "none.wav")
