"""The active part begins and ends where the sound does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.listening.active_part import FRAME, active_part

RATE = 16_000


def clip_of(*parts: tuple[float, float], noise: float = 0.0) -> NDArray[np.float32]:
    """Parts `(seconds, amplitude)` of a tone, one after the other, over noise."""
    rng = np.random.default_rng(0)
    amplitude = np.concatenate([np.full(round(RATE * length_s), height) for length_s, height in parts])
    tone = amplitude * np.sin(2 * np.pi * 1000 * np.arange(len(amplitude)) / RATE)
    return (tone + noise * rng.standard_normal(len(tone))).astype(np.float32)


def place_of(part: NDArray[np.float32], clip: NDArray[np.float32]) -> tuple[float, float]:
    """Where a part that is a view of `clip` begins and ends, seconds."""
    first = (part.__array_interface__["data"][0] - clip.__array_interface__["data"][0]) // clip.itemsize
    return first / RATE, (first + len(part)) / RATE


@pytest.mark.parametrize("onset_s", [0.0, 0.2, 1.237, 3.0])
@pytest.mark.parametrize("noise", [0.0, 0.001])
def test_onset_and_offset_are_true_to_a_frame(onset_s: float, noise: float) -> None:
    clip = clip_of((onset_s, 0.0), (0.8, 0.5), (1.0, 0.0), noise=noise)
    part = active_part(clip)

    assert part is not None
    assert place_of(part, clip) == pytest.approx((onset_s, onset_s + 0.8), abs=FRAME / RATE)


def test_a_short_pause_is_inside_and_a_long_one_is_not() -> None:
    short = active_part(clip_of((1, 0), (0.3, 0.5), (0.4, 0), (0.3, 0.4), (1, 0)))
    long = active_part(clip_of((1, 0), (0.3, 0.5), (0.8, 0), (0.3, 0.4), (1, 0)))

    assert short is not None
    assert long is not None
    assert len(short) / RATE == pytest.approx(1.0, abs=0.02)
    assert len(long) / RATE == pytest.approx(0.3, abs=0.02)


def test_a_steady_sound_is_active_as_a_whole() -> None:
    clip = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    part = active_part(clip)

    assert part is not None
    assert len(part) == len(clip)


def test_the_noise_of_the_recording_is_no_sound() -> None:
    part = active_part(clip_of((2, 0.0), (0.5, 0.5), (2, 0.0), noise=0.02))

    assert part is not None
    assert len(part) / RATE == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("clip", [np.zeros(RATE, np.float32), np.zeros(10, np.float32)])
def test_silence_has_no_active_part(clip: NDArray[np.float32]) -> None:
    assert active_part(clip) is None
