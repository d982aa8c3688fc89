"""The history keeps columns, finds gaps and pools without losing a click."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.history.column_history import CEILING_DB, FLOOR_DB, LAG_S, ColumnHistory, byte_db, quantise
from core.inference.results import FrameRun
from tests.app.app_fakes import noise


@cache
def _long_history() -> ColumnHistory:
    history = ColumnHistory(20_000, mels=4)
    history.append(FrameRun(noise(20_000).frames[:, :4], 0))
    return history


def size_bytes(history: ColumnHistory) -> int:
    """The memory of all columns, once they are all written."""
    return sum(level.nbytes for block in history._blocks.values() for level in block.levels)


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


def test_time_without_sound_costs_neither_memory_nor_what_was_heard_before() -> None:
    history = ColumnHistory(20)
    history.append(noise(5))
    before = size_bytes(history)
    history.append(noise(5, 360_000_005))
    assert (history.first, history.end) == (0, 360_000_010)
    assert history.gaps == [(5, 360_000_005)]
    assert size_bytes(history) == 2 * before
    history.append(noise(17, 360_000_010))
    assert (history.first, history.gaps) == (360_000_007, [])
    assert size_bytes(history) == before
    assert not history.columns(360_000_000, 360_000_007).any()


def test_four_hours_take_little_more_than_a_byte_a_cell() -> None:
    columns = 4 * 3600 * 100
    history = ColumnHistory(columns, mels=2)
    assert size_bytes(history) == 0
    frames = noise(100_000).frames[:, :2]
    for first in range(0, columns, 100_000):
        history.append(FrameRun(frames[: min(100_000, columns - first)], first))
    assert size_bytes(history) < 1.15 * 2 * columns


def test_a_shorter_history_forgets_the_oldest_at_once_and_a_longer_one_nothing() -> None:
    history = ColumnHistory(1000)
    history.append(noise(900))
    history.keep(100)
    assert (history.first, history.end) == (800, 900)
    history.keep(5000)
    history.append(noise(900, 900))
    assert (history.first, history.end) == (800, 1800)


def test_gaps_are_found_by_their_time() -> None:
    history = ColumnHistory(1000)
    for first in (0, 300, 500):
        history.append(noise(100, first))
    assert history.gaps_between(0.0, 9.0) == ((1.0, 3.0), (4.0, 5.0))
    assert history.gaps_between(1.5, 2.0) == ((1.0, 3.0),)
    assert history.gaps_between(3.2, 3.9) == history.gaps_between(5.0, 6.0) == ()
    assert [history.gap_at(time_s) for time_s in (0.99, 1.0, 2.99, 3.0)] == [None, (1.0, 3.0), (1.0, 3.0), None]
    assert history.byte_at(2.0, 5) is None


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
    for width in (0.4, 1.0, 3.7, 13.0, 40.0, 333.3):
        pixels = history.pooled(0, int(4000 / width), width)
        lit = pixels[:, 0] == quantise(np.full(1, 5.0, np.float32))[0]
        assert lit.sum() == (1 if width >= 1 else 3), "in one pixel alone"


@given(start=st.integers(0, 300), count=st.integers(1, 100), width=st.floats(0.2, 90))
def test_a_pixel_is_the_same_from_wherever_it_is_asked(start: int, count: int, width: float) -> None:
    history = _long_history()
    whole = history.pooled(0, start + count, width)
    np.testing.assert_array_equal(history.pooled(start, start + count, width), whole[start:])


def test_byte_at_knows_where_there_is_no_sound() -> None:
    history = ColumnHistory(100)
    history.append(_run(10, 0.0))
    assert history.byte_at(0.105 + LAG_S, 5) == quantise(np.zeros(1, np.float32))[0]
    assert history.byte_at(0.05, 5) is None
    assert history.byte_at(0.105 + LAG_S, 128) is None
