"""Rows of 100 ms: kept to a 255th, found by time, cut where their window is not valid, and shown by the lanes."""

from __future__ import annotations

import numpy as np
import pytest

from app.live.clock import shifted
from app.spectrogram.history.frame_history import FrameHistory
from app.spectrogram.history.score_history import ScoreHistory
from core.inference.results import FrameScores, LiveUpdate, TagScores


def _rows(start_s: float, *values: float) -> FrameScores:
    """Rows of two labels from start_s on; the second label is always 1 %."""
    times_s = start_s + 0.05 + 0.1 * np.arange(len(values), dtype=np.float64)
    return FrameScores(np.array([[value, 0.01] for value in values], np.float32), times_s)


def _window(end: int, *values: float) -> TagScores:
    """A live window that ends with a frame, with rows for the half second before it."""
    rows = _rows(end / 100 - 0.1 * len(values), *values) if values else None
    highest = max(values, default=0.9)
    return TagScores(np.array([highest, 0.01], np.float32), end - 50, end, rows=rows)


def test_rows_are_found_by_time() -> None:
    frames = FrameHistory(2)
    frames.append(_rows(0.0, 0.1, 0.2, 0.3, 0.4), 0.0, 10.0)
    starts, stops, values = frames.between(0, 0.15, 0.35)
    assert starts == pytest.approx([0.1, 0.2, 0.3])
    assert stops == pytest.approx([0.2, 0.3, 0.4])
    assert values == pytest.approx([0.2, 0.3, 0.4], abs=1 / 255)


def test_rows_are_cut_where_their_window_is_not_valid() -> None:
    frames = FrameHistory(2)
    frames.append(_rows(0.0, 0.1, 0.2, 0.3), 0.15, 0.25)
    starts, stops, _ = frames.between(0, 0.0, 1.0)
    assert starts == pytest.approx([0.15, 0.2])
    assert stops == pytest.approx([0.2, 0.25])


def test_old_rows_are_forgotten_and_the_history_grows_without_end() -> None:
    frames = FrameHistory(2)
    for second in range(100):
        frames.append(_rows(float(second), *[0.5] * 10), float(second), second + 1.0)
    assert len(frames) == 1000
    frames.forget_before(95.0)
    assert len(frames) == pytest.approx(50, abs=1)
    assert frames.between(0, 0.0, 95.5)[0][0] == pytest.approx(95.0, abs=0.11)
    frames.clear()
    assert len(frames) == 0


def test_an_outline_follows_the_rows_where_there_are_some_and_the_window_elsewhere() -> None:
    scores = ScoreHistory(2, is_live=True)
    scores.append(_window(50, 0.1, 0.2, 0.9, 0.2, 0.1))
    scores.append(_window(100))
    scores.append(_window(150, 0.0, 0.0, 0.0, 0.0, 0.6))
    starts, stops, values = scores.outline(0, 0.0, 1.5)
    assert values == pytest.approx([0.1, 0.2, 0.9, 0.2, 0.1, 0.9, 0, 0, 0, 0, 0.6], abs=1 / 255)
    assert starts[1:] == pytest.approx(stops[:-1])
    assert scores.outline(0, 0.62, 0.7)[2] == pytest.approx([0.9])


def test_without_frame_head_the_outline_is_that_of_the_windows() -> None:
    scores = ScoreHistory(2, is_live=True)
    scores.append(_window(50))
    scores.append(_window(100))
    assert scores.outline(1, 0.0, 1.0)[2] == pytest.approx([0.01, 0.01])


def test_a_window_taken_out_again_has_its_probabilities_and_no_rows() -> None:
    scores = ScoreHistory(2, is_live=True)
    scores.append(_window(50, 0.1, 0.9))
    found = scores.at(0.3)
    assert found is not None
    assert found.rows is None
    assert found.probabilities[0] == pytest.approx(0.9)


def test_another_start_of_the_clock_moves_rows_with_their_window() -> None:
    moved = shifted(LiveUpdate(scores=(_window(50, 0.1, 0.9),)), 1000).scores[0]
    assert moved.rows is not None
    assert (moved.start_s, moved.end_s) == (10.0, 10.5)
    assert moved.rows.times_s == pytest.approx([10.35, 10.45])


def test_rows_in_many_blocks_are_those_of_one_array() -> None:
    """Forgotten from the beginning, found in the middle, and written and read again."""
    levels = np.random.default_rng(0).integers(0, 256, 10_000) / 255
    frames = FrameHistory(2)
    for start in range(0, 10_000, 50):
        frames.append(_rows(start / 10, *levels[start : start + 50]), 0.0, 2000.0)
    assert len(frames.blocks) > 2
    frames.forget_before(450.05)
    frames.append(_rows(1000.0, 0.6), 0.0, 2000.0)
    wanted = [*levels[4500:], 0.6]
    back = FrameHistory(2)
    back.restore((np.concatenate(frames.blocks),), frames.spans_s)
    back.append(_rows(1000.1, 0.4), 0.0, 2000.0)
    for one, rows in ((frames, wanted), (back, [*wanted, 0.4])):
        assert len(one) == len(rows) == sum(map(len, one.blocks))
        starts, stops, values = one.between(0, 0.0, 2000.0)
        np.testing.assert_allclose(values, rows, atol=1 / 255)
        np.testing.assert_allclose(starts, 450 + 0.1 * np.arange(len(rows)), atol=1e-6)
        np.testing.assert_allclose(stops, starts + 0.1, atol=1e-6)
        np.testing.assert_allclose(one.between(0, 500.0, 500.95)[2], levels[5000:5010], atol=1 / 255)


def test_all_rows_of_very_long_sound_are_of_one_length() -> None:
    frames = FrameHistory(2, most_rows=40)
    levels = np.random.default_rng(0).random(200)
    for start in range(0, 200, 10):
        frames.append(_rows(start / 10, *levels[start : start + 10]), 0.0, 100.0)
    starts, stops, values = frames.between(0, 0.0, 100.0)
    assert len(frames) == 25
    assert stops - starts == pytest.approx([0.8] * 25)
    assert values == pytest.approx(levels.reshape(25, 8).max(axis=1), abs=1 / 255)


def test_rows_of_very_long_sound_get_coarser_but_not_lower_and_never_cross_a_gap() -> None:
    frames = FrameHistory(2, most_rows=40)
    frames.append(_rows(0.0, *[0.1, 0.6] * 15), 0.0, 10.0)
    frames.append(_rows(50.0, *[0.8] * 15), 50.0, 60.0)
    starts, stops, values = frames.between(0, 0.0, 99.0)
    assert len(frames) <= 40
    assert values[starts < 3.0] == pytest.approx([0.6] * 15, abs=1 / 255)
    assert values[starts > 3.0] == pytest.approx([0.8] * int((starts > 3.0).sum()), abs=1 / 255)
    assert stops[starts < 3.0].max() == pytest.approx(3.0)
    assert starts[starts > 3.0].min() == pytest.approx(50.0)
    assert (starts[1:] >= stops[:-1] - 1e-6).all()
