"""The history keeps columns, finds gaps and pools without losing a click."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.column_history import CEILING_DB, FLOOR_DB, ColumnHistory, byte_db, quantise
from core.inference.results import FrameRun
from tests.app.app_fakes import noise


def _run(first: int, *values: float) -> FrameRun:
    return FrameRun(np.repeat(np.array(values, np.float32)[:, None], 128, axis=1), first)


def test_bytes_stand_for_levels_within_half_a_step() -> None:
    levels_db = np.linspace(FLOOR_DB, CEILING_DB, 50)
    log_mel = (levels_db * np.log(10) / 10).astype(np.float32)
    back = np.array([byte_db(int(value)) for value in quantise(log_mel)])
    assert np.abs(back - levels_db).max() <= 0.24


def test_columns_come_back_as_they_were_written_across_the_ring() -> None:
    history = ColumnHistory(50)
    whole = np.concatenate([noise(30, 30 * i).frames for i in range(4)])
    for i in range(4):
        history.append(FrameRun(whole[30 * i : 30 * i + 30], 30 * i))
    assert (history.first, history.end) == (70, 120)
    np.testing.assert_array_equal(history.columns(70, 120), quantise(whole[70:]))


def test_a_jump_is_a_gap_of_zeros() -> None:
    history = ColumnHistory(1000)
    history.append(_run(0, 1.0, 1.0))
    history.append(_run(5, 1.0))
    assert history.gaps == [(2, 5)]
    assert not history.columns(2, 5).any()
    assert history.end == 6


def test_gap_frames_are_marked_and_neighbours_joined() -> None:
    history = ColumnHistory(1000)
    for first in (0, 10, 20):
        history.append(noise(10, first, is_gap=first > 0))
    assert history.gaps == [(10, 30)]


def test_a_gap_longer_than_the_ring_leaves_only_gap() -> None:
    history = ColumnHistory(20)
    history.append(noise(5))
    history.append(noise(5, 1_000_000))
    assert history.end == 1_000_005
    assert history.end - history.first <= 20


def test_gaps_that_fell_out_are_forgotten() -> None:
    history = ColumnHistory(20)
    history.append(noise(5))
    history.append(noise(40, 10))
    assert history.gaps == []


def test_a_step_back_begins_anew() -> None:
    history = ColumnHistory(100)
    history.append(noise(30))
    before = history.generation
    history.append(noise(4))
    assert (history.first, history.end) == (0, 4)
    assert history.generation != before


def test_a_click_shows_however_wide_a_pixel_is() -> None:
    history = ColumnHistory(5000)
    values = np.full((4000, 128), -15.9, np.float32)
    values[1234] = 5.0
    history.append(FrameRun(values, 0))
    for width in (0.4, 1.0, 3.7, 13.0):
        pixels = history.pooled(0, int(4000 / width), width)
        assert pixels.max() == quantise(np.full(1, 5.0, np.float32))[0]


@given(start=st.integers(0, 300), count=st.integers(1, 100), width=st.floats(0.2, 9))
def test_a_pixel_is_the_same_from_wherever_it_is_asked(start: int, count: int, width: float) -> None:
    history = ColumnHistory(4000)
    history.append(noise(4000))
    whole = history.pooled(0, start + count, width)
    np.testing.assert_array_equal(history.pooled(start, start + count, width), whole[start:])


def test_byte_at_knows_where_there_is_no_sound() -> None:
    history = ColumnHistory(100)
    history.append(_run(10, 0.0))
    assert history.byte_at(0.105, 5) == quantise(np.zeros(1, np.float32))[0]
    assert history.byte_at(0.05, 5) is None
    assert history.byte_at(0.105, 128) is None
