"""The time of day of old sound stays right through pauses, sleep, drift and a clock that somebody sets."""

from __future__ import annotations

import numpy as np
import pytest

from app.spectrogram.history.wall_clock import WallClock, round_moments

BEGAN = 1_000_000.0


def _heard(clock: WallClock, start_s: float, seconds: float, offset_s: float, pace: float = 1.0) -> float:
    """Half a second at a time, while a computer's clock shows `offset_s` more than the stream; returns the end."""
    for step in range(round(2 * seconds)):
        stop_s = start_s + (step + 1) / 2
        clock.note(stop_s - 0.5, stop_s, BEGAN + offset_s + start_s + (stop_s - start_s) * pace)
    return start_s + seconds


def test_a_pause_keeps_both_sides_right() -> None:
    clock = WallClock()
    _heard(clock, 0.0, 10.0, 0.0)
    _heard(clock, 3600.0, 10.0, 7.0)
    assert clock.at(5.0) == pytest.approx(BEGAN + 5.0)
    assert clock.at(3605.0) == pytest.approx(BEGAN + 7.0 + 3605.0)
    assert BEGAN + 10.0 < clock.at(1800.0) < BEGAN + 3607.0


def test_a_step_of_the_clock_leaves_what_was_before_it() -> None:
    clock = WallClock()
    end_s = _heard(clock, 0.0, 10.0, 0.0)
    _heard(clock, end_s, 10.0, 3600.0)
    assert clock.at(9.0) == pytest.approx(BEGAN + 9.0)
    assert clock.at(11.0) == pytest.approx(BEGAN + 3611.0)


def test_drift_is_followed_and_what_is_past_stays_where_it_was() -> None:
    clock = WallClock()
    end_s = _heard(clock, 0.0, 600.0, 0.0)
    noted = clock.at(100.0)
    _heard(clock, end_s, 7200.0, 0.0, pace=1.0001)
    assert clock.at(100.0) == pytest.approx(noted, abs=1e-6)
    assert clock.at(7800.0) == pytest.approx(BEGAN + 7800.72, abs=0.05)


def test_old_moments_are_forgotten_without_moving_the_others() -> None:
    clock = WallClock()
    _heard(clock, 0.0, 1000.0, 0.0)
    before = clock.of(np.array([700.0, 990.0]))
    clock.forget_before(650.0)
    np.testing.assert_allclose(clock.of(np.array([700.0, 990.0])), before)
    assert len(clock._anchors) < 8


def test_moments_are_round_by_the_clock_not_by_the_stream() -> None:
    def clock(stream_s: np.ndarray) -> np.ndarray:
        return stream_s + 1003.4

    found = round_moments(0.0, 20.0, 5.0, clock)
    np.testing.assert_allclose(found, [1.6, 6.6, 11.6, 16.6])


@pytest.mark.parametrize("set_by_s", [-3600.0, 40.0, 50 * 365 * 86400.0])
def test_a_clock_that_is_set_has_round_moments_on_both_sides_and_none_between(set_by_s: float) -> None:
    clock = WallClock()
    end_s = _heard(clock, 0.0, 20.0, 0.0)
    _heard(clock, end_s, 20.0, set_by_s)
    found = round_moments(0.0, 40.0, 5.0, clock.of)
    assert len(found) == pytest.approx(8, abs=1)
    np.testing.assert_allclose(np.mod(clock.of(np.array(found)) + 1, 5.0), 1.0, atol=0.01)
