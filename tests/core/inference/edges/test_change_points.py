"""Events end where a score changes most, whatever the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.edges.change_points import Box, ChangePointRules, ChangePoints
from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

RULES = ChangePointRules(half_rows=3, deepest_dip=0.2, deepest_ratio=np.inf, present_from=0.3)


def rows(curve: NDArray[np.float64], first: int = 0) -> FrameScores:
    """Rows of one label, or of as many as `curve` has columns, from row `first` on."""
    columns = curve[:, None] if curve.ndim == 1 else curve
    return FrameScores(columns.astype(np.float32), np.arange(first + 0.5, first + len(curve)) * ROW_S)


def boxes_of(curve: NDArray[np.float64], rules: ChangePointRules = RULES) -> list[Box]:
    finder = ChangePoints(curve.shape[1] if curve.ndim > 1 else 1, rules)
    return finder.push(rows(curve)) + finder.finish()


def curve_of(*parts: tuple[int, float]) -> NDArray[np.float64]:
    """A curve of steps `(rows, score)`."""
    return np.concatenate([np.full(n, score) for n, score in parts])


def test_a_step_up_and_down_is_an_event_with_its_edges_and_mean() -> None:
    (box,) = boxes_of(curve_of((20, 0.0), (10, 0.8), (20, 0.0)))

    assert (box.onset_s, box.offset_s) == (2.0, 3.0)
    assert box.mean == pytest.approx(0.8)
    assert box.peak == pytest.approx(0.8)


@pytest.mark.parametrize("present_from", [0.1, 0.3, 0.5])
def test_the_threshold_moves_no_edge(present_from: float) -> None:
    ramp = np.r_[np.zeros(10), np.linspace(0, 0.9, 8), np.full(6, 0.9), np.linspace(0.9, 0, 8), np.zeros(10)]
    (reference,) = boxes_of(ramp, ChangePointRules(half_rows=3, present_from=0.0))

    assert boxes_of(ramp, ChangePointRules(half_rows=3, present_from=present_from)) == [reference]


def test_an_event_whose_mean_is_too_low_is_left_out() -> None:
    assert boxes_of(curve_of((10, 0.0), (10, 0.29), (10, 0.0))) == []


def test_a_shallow_dip_is_part_of_the_event_and_a_deep_one_is_not() -> None:
    shallow = boxes_of(curve_of((10, 0.0), (10, 0.6), (5, 0.45), (10, 0.6), (10, 0.0)))
    deep = boxes_of(curve_of((10, 0.0), (10, 0.6), (5, 0.35), (10, 0.6), (10, 0.0)))

    assert [(box.onset_s, box.offset_s) for box in shallow] == [(1.0, 3.5)]
    assert shallow[0].mean == pytest.approx((20 * 0.6 + 5 * 0.45) / 25)
    assert [(box.onset_s, box.offset_s) for box in deep] == [(1.0, 2.0), (2.5, 3.5)]


def test_a_dip_counts_by_ratio_too() -> None:
    dip = curve_of((10, 0.0), (10, 0.6), (5, 0.35), (10, 0.6), (10, 0.0))
    by_ratio = ChangePointRules(half_rows=3, deepest_dip=1.0, deepest_ratio=2.0)
    strict = ChangePointRules(half_rows=3, deepest_dip=1.0, deepest_ratio=1.5)

    assert len(boxes_of(dip, by_ratio)) == 1
    assert len(boxes_of(dip, strict)) == 2


def test_dips_are_judged_by_the_events_beside_them_and_not_by_what_those_have_joined() -> None:
    falling = curve_of((10, 0.0), (8, 0.9), (5, 0.72), (8, 0.75), (5, 0.57), (8, 0.7), (10, 0.0))

    (box,) = boxes_of(falling)

    assert (box.onset_s, box.offset_s) == (1.0, 4.4)
    assert box.peak == pytest.approx(0.9)


def test_sound_from_the_first_to_the_last_row_is_one_event() -> None:
    (box,) = boxes_of(curve_of((12, 0.7)))

    assert (box.onset_s, box.offset_s) == (0.0, 1.2)


def test_a_single_row_is_an_event() -> None:
    (box,) = boxes_of(curve_of((10, 0.0), (1, 0.9), (10, 0.0)), ChangePointRules(half_rows=1))

    assert (box.onset_s, box.offset_s) == (1.0, 1.1)


def test_a_gap_in_the_sound_ends_every_event() -> None:
    finder = ChangePoints(1, RULES)
    boxes = finder.push(rows(curve_of((10, 0.8)))) + finder.push(rows(curve_of((10, 0.8)), first=30)) + finder.finish()

    assert [(box.onset_s, box.offset_s) for box in boxes] == [(0.0, 1.0), (3.0, 4.0)]


def test_an_event_is_reported_before_the_stream_ends() -> None:
    finder = ChangePoints(1, RULES)

    assert len(finder.push(rows(curve_of((10, 0.0), (10, 0.8), (6, 0.0))))) == 1


def test_labels_are_found_each_for_itself() -> None:
    first, second = curve_of((20, 0.0), (10, 0.8), (20, 0.0)), curve_of((5, 0.0), (30, 0.6), (15, 0.0))

    together = boxes_of(np.stack([first, second], axis=1))

    assert [(box.label, box.onset_s, box.offset_s) for box in together] == [(0, 2.0, 3.0), (1, 0.5, 3.5)]


@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=60), st.integers(1, 7), st.integers(1, 60))
def test_rows_may_come_in_any_portions(scores: list[float], half_rows: int, portion: int) -> None:
    curve, rules = np.array(scores), ChangePointRules(half_rows=half_rows, present_from=0.0)
    finder = ChangePoints(1, rules)
    boxes = []
    for start in range(0, len(curve), portion):
        boxes += finder.push(rows(curve[start : start + portion], start))

    assert boxes + finder.finish() == boxes_of(curve, rules)


@example([1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.75, 0.5, 0.0, 0.0, 0.0, 0.0, 1.0], 6)
@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=60), st.integers(1, 7))
def test_events_are_in_order_inside_the_stream_and_have_the_mean_and_peak_of_their_rows(
    scores: list[float], half_rows: int
) -> None:
    curve = np.array(scores)
    boxes = boxes_of(curve, ChangePointRules(half_rows=half_rows, present_from=0.0))

    edges = [round(edge_s / ROW_S) for box in boxes for edge_s in (box.onset_s, box.offset_s)]
    assert edges == sorted(edges)
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(curve))
    for box, first, end in zip(boxes, edges[::2], edges[1::2], strict=True):
        inside = np.where(curve[first:end] < 0.02, 0.0, curve[first:end])
        assert first < end
        assert box.mean == pytest.approx(inside.mean(), abs=1e-6)
        assert box.peak == pytest.approx(inside.max(), abs=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{"half_rows": 0}, {"deepest_dip": -0.1}, {"deepest_dip": 1.1}, {"deepest_ratio": 0.9}, {"present_from": 2.0}],
)
def test_rules_that_cannot_be_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UserError):
        ChangePointRules(**settings)  # pyright: ignore[reportArgumentType]
