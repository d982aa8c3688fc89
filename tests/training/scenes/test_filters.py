"""Filters of rooms and microphones change the spectrum and the tail, and are the same for the same generator."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.filters import filtered

RATE = 16_000


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(RATE).astype(np.float32)


def power_above(samples: np.ndarray, hz: float) -> float:
    spectrum = np.square(np.abs(np.fft.rfft(samples)))
    return float(spectrum[int(hz * len(samples) / RATE) :].sum() / spectrum.sum())


def test_without_any_filter_nothing_changes() -> None:
    assert filtered(noise(), RATE, np.random.default_rng(1)) == pytest.approx(noise(), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_lowpass_takes_the_treble(seed: int) -> None:
    changed = filtered(noise(), RATE, np.random.default_rng(seed), is_lowpassed=True)
    assert power_above(changed, 7500) < 0.5 * power_above(noise(), 7500)


@pytest.mark.parametrize("seed", range(5))
def test_a_tilt_stays_within_its_decibels(seed: int) -> None:
    changed = filtered(noise(), RATE, np.random.default_rng(seed), tilt_db=6.0)
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(changed)) / np.abs(np.fft.rfft(noise())))
    assert np.abs(gain_db[1:-1]).max() < 6.01
    assert np.ptp(gain_db[1:-1]) > 0.5


def test_reverberation_leaves_a_tail_that_decays() -> None:
    click = np.zeros(1600, np.float32)
    click[0] = 1.0
    heard = filtered(click, RATE, np.random.default_rng(3), reverb_s=0.5)
    assert len(heard) == 1600 + 8000
    assert heard[0] == pytest.approx(1.0, abs=0.01)
    assert np.abs(heard[1:60]).max() < 1e-3  # nothing returns from the walls yet
    early, late = (float(np.square(heard[at : at + 800]).sum()) for at in (200, 7000))
    assert 0 < late < 1e-3 * early


def test_the_same_generator_gives_the_same_room() -> None:
    rooms = [filtered(noise(), RATE, np.random.default_rng(7), tilt_db=6.0, reverb_s=0.3) for _ in range(2)]
    assert np.array_equal(rooms[0], rooms[1])
    assert not np.array_equal(rooms[0], filtered(noise(), RATE, np.random.default_rng(8), tilt_db=6.0, reverb_s=0.3))
