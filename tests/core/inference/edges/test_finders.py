"""Each way finds a clear event, tells its start and end in order, and completes it at the end of the file."""

from __future__ import annotations

import numpy as np
import pytest

from core.inference.edges.finders import EVENT_FINDERS, USUAL_EDGES
from core.inference.frame_rows import ROW_S
from core.inference.results import EventChange, FrameScores


def rows(first: int, curves: np.ndarray) -> FrameScores:
    """Rows `(n, labels)` from row `first` on."""
    return FrameScores(curves.astype(np.float32), np.arange(first + 0.5, first + len(curves)) * ROW_S)


def curves_of(*spans: tuple[int, int], n_rows: int = 60) -> np.ndarray:
    """A column for each span, 0.75 between its two rows."""
    columns = np.zeros((n_rows, len(spans)))
    for label, (first, end) in enumerate(spans):
        columns[first:end, label] = 0.75
    return columns


def changes_of(edges: str, curves: np.ndarray, portion: int = 7) -> list[EventChange]:
    finder = EVENT_FINDERS[edges](curves.shape[1])
    pushed = [finder.push(rows(first, curves[first : first + portion])) for first in range(0, len(curves), portion)]
    return [change for changes in (*pushed, finder.finish()) for change in changes]


def test_the_usual_way_is_one_of_them() -> None:
    assert USUAL_EDGES in EVENT_FINDERS


@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_an_event_starts_once_and_ends_once_with_its_edges_and_peak(edges: str) -> None:
    started, ended = changes_of(edges, curves_of((0, 0), (10, 30)))

    assert (started.id, started.label, started.onset_s, started.offset_s) == (1, 1, 1.0, None)
    assert (ended.id, ended.label, ended.onset_s, ended.offset_s, ended.peak) == (1, 1, 1.0, 3.0, 0.75)


@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_the_end_of_the_file_completes_an_event(edges: str) -> None:
    ended = [change for change in changes_of(edges, curves_of((40, 60))) if change.offset_s is not None]

    assert [(change.onset_s, change.offset_s) for change in ended] == [(4.0, 6.0)]


@pytest.mark.parametrize("portion", [1, 7, 60])
@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_changes_are_in_the_order_of_the_sound(edges: str, portion: int) -> None:
    changes = changes_of(edges, curves_of((10, 40), (15, 25), (20, 50), (40, 45)), portion)
    moments_s = [change.onset_s if change.offset_s is None else change.offset_s for change in changes]

    assert len(changes) == 8
    assert moments_s == sorted(moments_s)


@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_nothing_is_told_before_the_sound_that_it_rests_on(edges: str) -> None:
    for change in changes_of(edges, curves_of((10, 40), (15, 25)), portion=1):
        assert change.at_s >= (change.onset_s if change.offset_s is None else change.offset_s)


def test_a_change_point_is_told_while_the_file_goes_on() -> None:
    finder = EVENT_FINDERS["change-points"](1)
    changes = finder.push(rows(0, curves_of((10, 30))))

    assert len(changes) == 2
    assert finder.finish() == []
