"""When a sound can be heard: loud frames sound, far softer ones are silent, and between them nobody can say."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.activity import (
    SILENT,
    SOUNDING,
    UNSURE,
    active_span,
    activity,
    column_states,
    frame_levels_db,
)

HOP = 160
NOTHING = np.full(100, -110.0)


def test_levels_are_those_of_a_sine() -> None:
    samples = (0.1 * np.sin(np.arange(16_000) * 0.5)).astype(np.float32)
    levels = frame_levels_db(samples, 100, HOP)
    assert levels[1:-1] == pytest.approx(-23.0, abs=0.2)


def test_beyond_the_samples_there_is_nothing() -> None:
    levels = frame_levels_db(np.full(1600, 0.5, np.float32), 30, HOP)
    assert levels[1:9] == pytest.approx(-6.0, abs=0.1)
    assert (levels[12:] == -110.0).all()


def test_the_sounding_part_of_a_clip_is_found_to_a_frame() -> None:
    samples = np.zeros(16_000, np.float32)
    samples[4800:8000] = 0.3
    first, end = active_span(samples, HOP)
    assert abs(first - 4800) <= 2 * HOP
    assert abs(end - 8000) <= 2 * HOP


@pytest.mark.parametrize("samples", [np.zeros(16_000, np.float32), np.ones(100, np.float32)])
def test_a_clip_in_which_no_part_stands_out_is_taken_whole(samples: np.ndarray) -> None:
    assert active_span(samples, HOP) == (0, len(samples))


def test_three_states_by_the_distance_from_the_loudest_frame() -> None:
    levels = np.concatenate([np.full(30, -10.0), np.full(40, -38.0), np.full(30, -60.0)])
    state = activity(levels, NOTHING, peak_db=-10.0)
    assert (state[:30] == SOUNDING).all()
    assert (state[30:70] == UNSURE).all()
    assert (state[70:] == SILENT).all()


def test_short_pauses_belong_to_the_sound_and_long_ones_do_not() -> None:
    levels = np.full(100, -80.0)
    levels[[0, 20, 90]] = -10.0
    state = activity(levels, NOTHING, peak_db=-10.0)
    assert (state[:21] == SOUNDING).all()
    assert (state[21:90] == SILENT).all()
    assert state[90] == SOUNDING


def test_nobody_knows_whether_a_covered_sound_is_heard() -> None:
    others = np.where(np.arange(100) < 50, -5.0, -60.0)
    state = activity(np.full(100, -20.0), others, peak_db=-20.0)
    assert (state[:50] == UNSURE).all()
    assert (state[50:] == SOUNDING).all()


def test_the_peak_may_lie_outside_the_scene() -> None:
    assert (activity(np.full(100, -60.0), NOTHING, peak_db=-10.0) == SILENT).all()


def test_columns_sound_where_half_of_their_frames_do() -> None:
    state = np.full(48, SILENT, np.int8)
    state[8:18] = SOUNDING
    state[40] = UNSURE
    columns = column_states(state, np.array([0.08, 0.24, 0.40]), 16)
    assert columns.tolist() == [SOUNDING, UNSURE, UNSURE]
    assert column_states(np.full(48, SILENT, np.int8), np.array([0.08]), 16).tolist() == [SILENT]
