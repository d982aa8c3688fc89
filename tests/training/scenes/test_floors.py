"""Noise floors have the level that is asked for, whatever their colour."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.floors import noise_floor


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
