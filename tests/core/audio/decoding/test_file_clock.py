"""What is missing in a file's timestamps becomes a gap; jitter, drift and slips of a timestamp do not."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.decoding.file_clock import DecodedFrame, FileClock, placed

RATE = 1000
FRAME_S = 0.02


def gaps(begins_s: list[float | None], zero_s: float = 0.0) -> list[tuple[int, float]]:
    """Index of each frame of 20 ms with a gap before it, and the gap, seconds."""
    frames = [DecodedFrame(np.zeros(round(FRAME_S * RATE), np.float32), RATE, begin_s) for begin_s in begins_s]
    found = list(placed(frames, FileClock(zero_s)))
    position_s = 0.0
    for frame in found:
        assert frame.start_s == pytest.approx(position_s + frame.gap_s)
        position_s = frame.start_s + FRAME_S
    return [(i, round(frame.gap_s, 6)) for i, frame in enumerate(found) if frame.gap_s]


def steady(n_frames: int, start_s: float = 0.0, step_s: float = FRAME_S) -> list[float | None]:
    return [start_s + i * step_s for i in range(n_frames)]


def test_frames_that_follow_each_other_have_no_gaps() -> None:
    assert gaps(steady(100)) == []
    assert gaps([None] * 100) == []


@pytest.mark.parametrize("start_s", [0.02, 0.049, -0.021])
def test_an_encoders_delay_is_no_gap(start_s: float) -> None:
    assert gaps(steady(100, start_s)) == []


def test_a_late_beginning_is_a_gap_from_zero_on() -> None:
    assert gaps(steady(10, 5.0)) == [(0, 5.0)]
    assert gaps(steady(10, 5.0), zero_s=1.4) == [(0, 3.6)]
    assert gaps([None, None, *steady(10, 5.0)]) == [(2, 4.96)]


@pytest.mark.parametrize("hole_s", [0.06, 2.0, 86_400.0])
def test_a_hole_is_a_gap_of_its_length(hole_s: float) -> None:
    assert gaps([*steady(10), *steady(10, 0.2 + hole_s)]) == [(10, hole_s)]


def test_jitter_and_rounded_times_are_no_gaps() -> None:
    random = np.random.default_rng(0)
    jittered = [time_s + float(random.uniform(0, 0.02)) for time_s in np.arange(2000) * FRAME_S]
    assert gaps(list(jittered)) == []
    assert gaps([round(i * 0.0213, 3) - i * (0.0213 - FRAME_S) for i in range(2000)]) == []


def test_packets_lost_one_by_one_do_not_add_up() -> None:
    found = gaps([i * FRAME_S + i // 100 * FRAME_S for i in range(1000)])  # one lost in every hundred
    assert sum(gap_s for _, gap_s in found) == pytest.approx(9 * FRAME_S, abs=0.05)


def test_a_slow_drift_stays_within_half_a_second() -> None:
    assert gaps(steady(2000, step_s=FRAME_S * 1.0001)) == []
    found = gaps(steady(2000, step_s=FRAME_S * 1.05))
    assert next(i for i, _ in found) > 400
    assert sum(gap_s for _, gap_s in found) == pytest.approx(2000 * FRAME_S * 0.05, abs=0.55)


def test_times_that_begin_anew_belong_to_a_joined_file() -> None:
    assert gaps([*steady(100), *steady(100)]) == []
    assert gaps([*steady(100), *steady(50), *steady(50, 3.0)]) == [(150, 2.0)]


@pytest.mark.parametrize("wrong_s", [500.0, -500.0, 1.6, 0.1])
@pytest.mark.parametrize("place", [1, 50, 99])
def test_one_wrong_timestamp_changes_nothing(wrong_s: float, place: int) -> None:
    times_s = steady(101)
    times_s[place] = wrong_s

    assert gaps(times_s) == []


def test_a_lone_frame_between_two_holes_stands_where_it_belongs() -> None:
    assert gaps([*steady(10), 1.0, *steady(10, 2.0)]) == [(10, 0.8), (11, 0.98)]
