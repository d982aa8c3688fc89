"""Each way from rows to events is a table of scores, and finds a clear event with its edges."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.listening.edges import DoubleThresholds, EdgeMethod, candidates, joined_rows
from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores


def rows_of(curve: np.ndarray, first: int = 0) -> FrameScores:
    return FrameScores(curve[:, None].astype(np.float32), np.arange(first + 0.5, first + len(curve)) * ROW_S)


@pytest.mark.parametrize("method", candidates(), ids=str)
def test_a_clear_event_has_its_edges_in_every_way(method: EdgeMethod) -> None:
    curve = np.zeros(100)
    curve[20:50] = 0.97
    table = method.table(rows_of(curve), 10.0)
    is_present = table.scores[:, 0] > 0.5

    assert table.edges_s[:-1][is_present].min() == pytest.approx(2.0)
    assert table.edges_s[1:][is_present].max() == pytest.approx(5.0)


def test_double_thresholds_follow_the_lower_one_once_the_higher_is_reached() -> None:
    curve = np.r_[np.zeros(10), np.full(5, 0.35), np.full(5, 0.62), np.full(5, 0.35), np.zeros(10)]
    table = DoubleThresholds(0.5).table(rows_of(curve), 3.5)
    high, low = table.scores[:, 0] >= 0.6, table.scores[:, 0] >= 0.65

    assert (table.edges_s[:-1][high].min(), table.edges_s[1:][high].max()) == (1.0, 2.5)
    assert not low.any()


def test_all_rows_of_a_file_are_joined_in_time() -> None:
    whole = joined_rows([rows_of(np.zeros(3)), rows_of(np.ones(2), first=3)])

    assert whole.times_s.tolist() == pytest.approx([0.05, 0.15, 0.25, 0.35, 0.45])
    assert whole.probabilities[:, 0].tolist() == [0, 0, 0, 1, 1]
