"""Sound through the real sound server: what the virtual microphone was given is kept, saved and played back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.pieces import to_float
from core.audio.kept.ring import SoundRing
from core.audio.playback.player import PlayableSound, SoundPlayer
from core.audio.resample import StreamResampler
from core.audio.sources.microphone import Microphone
from core.inference.listener import Listener
from rig.virtual_microphone import RATE_HZ, VirtualMicrophone
from rig.waiting import PATIENCE_S, wait_for

SECONDS = 3
SPEAKER = "speaker"
_FRACTIONS = np.linspace(-0.5, 0.5, 11)


@pytest.fixture
def given(tmp_path: Path) -> NDArray[np.int16]:
    """Noise whose every stretch is unlike any other, below 5 kHz so that a resampling keeps it."""
    white = np.random.default_rng(5).normal(size=SECONDS * RATE_HZ)
    spectrum = np.fft.rfft(white)
    spectrum[5000 * SECONDS :] = 0
    noise = np.fft.irfft(spectrum)
    samples = (noise / np.abs(noise).max() * 20_000).astype(np.int16)
    soundfile.write(tmp_path / "given.wav", samples, RATE_HZ)
    return samples


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptSound]:
    made = KeptSound(SoundRing(tmp_path / "ring"))
    yield made
    assert made.close()


def _best_match(whole: NDArray[np.float64], part: NDArray[np.float64]) -> tuple[int, float]:
    """Where `part` begins in `whole`, and the largest difference of any sample there, of full scale."""
    n = len(whole) + len(part)
    at = int(np.argmax(np.fft.irfft(np.fft.rfft(whole, n) * np.conj(np.fft.rfft(part, n)))[: len(whole)]))
    assert at + len(part) <= len(whole), "all of it is there"
    return at, float(np.abs(whole[at : at + len(part)] - part).max())


def _expected(samples: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    """What was given, at another rate."""
    resampler = StreamResampler(RATE_HZ, rate)
    floats = to_float(samples)
    return np.concatenate([resampler.push(floats), resampler.flush()]).astype(np.float64)


def _later(samples: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """The same sound, later by a part of a sample."""
    turns = np.fft.rfftfreq(len(samples)) * by
    return np.fft.irfft(np.fft.rfft(samples) * np.exp(-2j * np.pi * turns), len(samples))


def _likeness(whole: NDArray[np.float64], part: NDArray[np.float64]) -> float:
    """The correlation of `part` with that place of `whole` where it is most alike; 1 for the same."""
    at, _ = _best_match(whole, part)
    return float(np.corrcoef(whole[at : at + len(part)], part)[0, 1])


def test_saved_sound_is_what_the_microphone_was_given(
    microphone: VirtualMicrophone, kept: KeptSound, given: NDArray[np.int16], tmp_path: Path
) -> None:
    take = kept.begin_take(microphone.name)
    take.place(0.0)
    listener = Listener(Microphone(microphone.name), tap=take)
    listener.start()
    try:
        wait_for(lambda: kept.ring.seconds > 0.5, PATIENCE_S, "the first sound")
        microphone.play(tmp_path / "given.wav")
        until_s = kept.ring.seconds + 1.0
        wait_for(lambda: kept.ring.seconds > until_s, PATIENCE_S, "the sound's end")
    finally:
        assert listener.stop(PATIENCE_S)
    assert kept.flush()
    assert take.dropped_blocks == 0
    kept.ring.save(*kept.ring.extent(0.0, 1e6), tmp_path / "saved.wav")
    saved, rate = soundfile.read(tmp_path / "saved.wav", dtype="int16")
    if rate == RATE_HZ:
        _, difference = _best_match(saved.astype(np.float64), given.astype(np.float64))
        assert difference == 0.0, "sample by sample"
    else:
        # The sound server resamples, and begins at any fraction of a sample.
        found = saved.astype(np.float64) / 32768.0
        likeness = [_likeness(found, _later(_expected(given, rate), by)[rate // 2 : -rate // 2]) for by in _FRACTIONS]
        assert max(likeness) > 0.999


def test_played_sound_is_what_was_kept(microphone: VirtualMicrophone, given: NDArray[np.int16], tmp_path: Path) -> None:
    microphone.plug(SPEAKER)
    microphone.play_to(SPEAKER)
    heard = tmp_path / "heard.wav"
    command = ["parecord", f"--device={SPEAKER}.monitor", "--file-format=wav", "--format=s16le"]
    recorder = subprocess.Popen([*command, f"--rate={RATE_HZ}", "--channels=1", str(heard)])
    try:
        wait_for(lambda: heard.exists() and heard.stat().st_size > 20_000, PATIENCE_S, "the recorder")
        sound = PlayableSound(10.0, RATE_HZ, lambda: iter([to_float(given)]))
        player = SoundPlayer(sound)
        places: list[float] = []
        wait_for(lambda: (places.append(player.position_s), player.is_over)[1], PATIENCE_S, "the sound's end")
        assert player.failure is None
        player.stop()
        assert places == sorted(places)
        assert places[-1] == pytest.approx(10.0 + SECONDS, abs=0.05)
        size = heard.stat().st_size
        wait_for(lambda: heard.stat().st_size > size + RATE_HZ * 2, PATIENCE_S, "the recorder's end")
    finally:
        recorder.terminate()
        recorder.wait(PATIENCE_S)
        microphone.unplug(SPEAKER)
    recorded = np.frombuffer(heard.read_bytes()[44:], np.int16).astype(np.float64)
    _, difference = _best_match(recorded, given.astype(np.float64))
    assert difference <= 1.0, "floats become 16 bit again in the sound server"
