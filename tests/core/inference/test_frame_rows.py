"""Rows of 100 ms: from columns of any stride, averaged over windows, and turned into onsets and offsets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.events import Event, EventTracker
from core.inference.file_tagging import slice_windows
from core.inference.frame_rows import RowMean, resample_columns, rows_of
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


def events_of(*rows: FrameScores, n_labels: int = 1) -> Iterator[Event]:
    tracker = EventTracker(n_labels)
    for row in rows:
        yield from tracker.push(row)
    yield from tracker.finish()


def test_an_event_lasts_from_one_crossing_of_the_lower_threshold_to_the_next() -> None:
    [event] = events_of(scores_of(np.array([0.1, 0.3, 0.9, 0.3, 0.6, 0.1])))
    assert (event.label, event.onset_s, event.offset_s) == (0, 0.1, 0.5)
    assert event.peak == pytest.approx(0.9)


def test_what_never_reaches_the_upper_threshold_is_not_heard() -> None:
    assert list(events_of(scores_of(np.array([0.0, 0.49, 0.3, 0.1])))) == []


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60), st.lists(st.integers(1, 59), max_size=5))
def test_it_does_not_matter_how_the_rows_come(values: list[float], cuts: list[int]) -> None:
    whole = scores_of(np.array(values))
    edges = [0, *sorted({cut for cut in cuts if cut < len(values)}), len(values)]
    parts = [FrameScores(whole.probabilities[a:b], whole.times_s[a:b]) for a, b in pairwise(edges)]
    assert list(events_of(*parts)) == list(events_of(whole))
    for event in events_of(whole):
        rows = whole.probabilities[round(event.onset_s * 10) : round(event.offset_s * 10), 0]
        assert rows.min() >= 0.25
        assert rows.max() == pytest.approx(event.peak)


def test_labels_have_events_of_their_own_and_the_end_closes_what_is_open() -> None:
    rows = np.array([[0.0, 0.9], [0.8, 0.9], [0.8, 0.0], [0.8, 0.0]])
    assert [(event.label, event.onset_s, event.offset_s) for event in events_of(scores_of(rows), n_labels=2)] == [
        (1, 0.0, 0.2),
        (0, 0.1, 0.4),
    ]


def test_rows_that_are_missing_end_every_event() -> None:
    tracker = EventTracker(1)
    loud = np.full((3, 1), 0.9, np.float32)
    events = tracker.push(FrameScores(loud, np.array([0.05, 0.15, 0.25])))
    events += tracker.push(FrameScores(loud, np.array([50.05, 50.15, 50.25])))
    events += tracker.finish()
    assert [(event.onset_s, event.offset_s) for event in events] == [(0.0, 0.3), (50.0, 50.3)]


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
