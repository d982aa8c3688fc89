"""Noise floors have the level that is asked for, whatever their colour."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.floors import noise_floor, recorded_floor


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("level_db", [-80.0, -45.0])
def test_its_level_is_the_one_asked_for(seed: int, level_db: float) -> None:
    floor = noise_floor(32_000, 16_000, level_db, np.random.default_rng(seed))
    assert floor.shape == (32_000,)
    assert 10 * np.log10(np.square(floor, dtype=np.float64).mean()) == pytest.approx(level_db, abs=0.1)


def test_floors_differ_in_colour() -> None:
    def treble(seed: int) -> float:
        spectrum = np.square(np.abs(np.fft.rfft(noise_floor(32_000, 16_000, -50, np.random.default_rng(seed)))))
        return float(spectrum[len(spectrum) // 2 :].sum() / spectrum.sum())

    shares = [treble(seed) for seed in range(20)]
    assert min(shares) < 0.05
    assert max(shares) > 0.2


@pytest.mark.parametrize("seconds", [0.05, 0.9, 30.0])
def test_a_recorded_room_fills_any_length_at_the_level_asked_for(seconds: float) -> None:
    rng = np.random.default_rng(1)
    recording = rng.standard_normal(round(seconds * 16_000)).astype(np.float32)
    before = recording.copy()
    floor = recorded_floor(recording, 64_000, 16_000, -60.0, rng)
    assert floor.shape == (64_000,)
    assert np.array_equal(recording, before)
    assert 10 * np.log10(np.square(floor, dtype=np.float64).mean()) == pytest.approx(-60.0, abs=0.1)
    # A floor without holes: where a short recording begins again, its end still sounds.
    tenths = np.square(floor, dtype=np.float64).reshape(-1, 1600).mean(axis=1)
    assert tenths.min() > 0.3 * tenths.mean()


def test_a_recorded_room_is_heard_in_its_floor() -> None:
    rng = np.random.default_rng(2)
    tone = np.sin(np.arange(8000) * 2 * np.pi * 1000 / 16_000).astype(np.float32)
    spectrum = np.square(np.abs(np.fft.rfft(recorded_floor(tone, 32_000, 16_000, -50.0, rng))))
    assert spectrum[1990:2011].sum() > 0.7 * spectrum.sum()


def test_a_silent_recording_gives_the_made_floor() -> None:
    floor = recorded_floor(np.zeros(1600, np.float32), 16_000, 16_000, -50.0, np.random.default_rng(3))
    assert 10 * np.log10(np.square(floor, dtype=np.float64).mean()) == pytest.approx(-50.0, abs=0.1)
