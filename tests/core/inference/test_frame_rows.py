"""Rows of 100 ms: from columns of any stride, averaged over windows, and turned into onsets and offsets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.file_tagging import slice_windows
from core.inference.frame_rows import RowMean, resample_columns, rows_of, window_of
from core.inference.results import FrameScores

pytestmark = pytest.mark.slow


def scores_of(values: np.ndarray, first_row: int = 0) -> FrameScores:
    """Rows of one label, or of the columns of `values`."""
    rows = np.asarray(values, np.float32).reshape(len(values), values.shape[1] if values.ndim == 2 else 1)
    centres_s = (np.arange(len(rows)) + first_row + 0.5) * 0.1
    return FrameScores(rows, centres_s.astype(np.float64))


@given(st.integers(1, 40), st.integers(0, 300), st.floats(0.02, 0.4), st.floats(0, 0.2))
def test_what_grows_evenly_with_time_is_read_at_each_rows_centre(
    n_columns: int, start_frame: int, step_s: float, first_s: float
) -> None:
    times_s = (start_frame / 100 + first_s + np.arange(n_columns) * step_s).astype(np.float64)
    got = resample_columns(times_s[:, None].astype(np.float32), times_s, rows_of(start_frame, 200))
    assert got.times_s.tolist() == pytest.approx([(row + 0.5) / 10 for row in rows_of(start_frame, 200)])
    inside = np.clip(got.times_s, times_s[0], times_s[-1])
    np.testing.assert_allclose(got.probabilities[:, 0], inside, atol=1e-4)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(1, 200), st.integers(1, 200))
def test_windows_of_any_size_give_every_row_once(part_sizes: list[int], window: int, hop: int) -> None:
    hop = min(hop, window)
    total = sum(part_sizes)
    parts = np.split(np.zeros((total, 1), np.float32), np.cumsum(part_sizes)[:-1])
    means, times_s = RowMean(1), list[float]()
    for start, frames in slice_windows(parts, window, hop):
        rows = rows_of(start, len(frames))
        means.add(scores_of(np.ones(len(rows)), rows.start))
        times_s += means.pop_before(start + hop).times_s.tolist()
    times_s += means.pop_before(None).times_s.tolist()
    assert times_s == pytest.approx([(row + 0.5) / 10 for row in range(-(-total // 10))])


def test_overlaps_are_averaged() -> None:
    means = RowMean(1)
    means.add(scores_of(np.array([0.2, 0.4, 0.6])))
    means.add(scores_of(np.array([0.0, 1.0, 0.5]), first_row=1))
    early = means.pop_before(10)
    assert early.probabilities[:, 0].tolist() == pytest.approx([0.2])
    late = means.pop_before(None)
    assert late.probabilities[:, 0].tolist() == pytest.approx([0.2, 0.8, 0.5])
    assert late.times_s.tolist() == pytest.approx([0.15, 0.25, 0.35])
    assert len(means.pop_before(None).times_s) == 0


def test_rows_that_were_released_stay_as_they_are() -> None:
    means = RowMean(1)
    means.add(scores_of(np.array([0.2, 0.4, 0.6])))
    assert means.pop_before(20).probabilities[:, 0].tolist() == pytest.approx([0.2, 0.4])
    means.add(scores_of(np.array([1.0, 0.8, 0.5]), first_row=1))
    means.add(scores_of(np.array([1.0]), first_row=0))
    assert means.pop_before(None).probabilities[:, 0].tolist() == pytest.approx([0.7, 0.5])


def test_rows_before_a_hole_are_given_before_those_behind_it() -> None:
    means = RowMean(1)
    near, far = (FrameScores(np.full((2, 1), value, np.float32), times_s) for value, times_s in (
        (0.2, np.array([0.05, 0.15])), (0.4, np.array([9.05, 9.15])),
    ))  # fmt: skip
    means.add(near)
    assert len(means.pop_before_gap(near).times_s) == 0
    assert means.pop_before_gap(far).times_s.tolist() == pytest.approx([0.05, 0.15])
    means.add(far)
    assert means.pop_before(None).times_s.tolist() == pytest.approx([9.05, 9.15])


def test_rows_as_a_window_have_the_highest_of_each_label_and_end_with_what_was_heard() -> None:
    rows = scores_of(np.array([[0.1, 0.9], [0.5, 0.2], [0.3, 0.1]]), first_row=4)
    window = window_of(rows)
    assert window.probabilities.tolist() == pytest.approx([0.5, 0.9])
    assert (window.start_frame, window.end_frame) == (40, 70)
    assert window.rows is rows
    assert window_of(replace(rows, heard_s=0.64)).end_frame == 64
