"""Following, holding, dragging and zooming; and an edge that moves at the pace of time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.time_view import MAX_SPAN_S, MIN_SPAN_S, SmoothEdge, TimeView


def _view(last_s: float = 100.0) -> TimeView:
    view = TimeView(10.0)
    view.last_s = last_s
    return view


def test_it_follows_until_held() -> None:
    view = _view()
    view.last_s = 101.0
    assert (view.left_s, view.right_s) == (91.0, 101.0)
    view.hold()
    view.last_s = 200.0
    assert view.right_s == 101.0
    view.follow()
    assert view.right_s == 200.0


def test_dragging_holds_and_stops_at_both_ends() -> None:
    view = _view()
    view.move(-5)
    assert (view.is_following, view.right_s) == (False, 95.0)
    view.move(-1e9)
    assert view.left_s == 0.0
    view.move(1e9)
    assert view.right_s == 100.0


def test_what_is_under_the_pointer_stays_there_when_zooming() -> None:
    view = _view()
    view.move(-20)
    share = (76.0 - view.left_s) / view.span_s
    view.zoom(0.5, 76.0)
    assert view.span_s == 5.0
    assert (76.0 - view.left_s) / view.span_s == pytest.approx(share)


def test_zooming_while_following_keeps_following() -> None:
    view = _view()
    view.zoom(2.0, 93.0)
    assert (view.is_following, view.left_s) == (True, 80.0)


def test_reveal_scrolls_as_little_as_needed() -> None:
    view = _view()
    view.hold()
    view.reveal(95.0)
    assert view.right_s == 100.0
    view.reveal(50.0)
    assert view.left_s == 50.0
    view.reveal(70.0)
    assert view.right_s == 70.0


def test_scrolling_passes_an_hour_without_sound_in_one_step_and_comes_back() -> None:
    view = _view(4000.0)
    view.gap_at = lambda time_s: (100.0, 3700.0) if 100.0 <= time_s < 3700.0 else None
    view.move(-285.0)
    assert (view.left_s, view.right_s) == (3705.0, 3715.0)
    view.move(-9.0)
    assert view.left_s == 3696.0, "some sound is still in view"
    view.move(-7.0)
    assert (view.left_s, view.right_s) == (92.5, 102.5)
    view.move(8.0)
    assert (view.left_s, view.right_s) == (3697.5, 3707.5)
    view.reveal(50.0)
    assert view.left_s == 50.0


@given(st.lists(st.tuples(st.sampled_from(["move", "zoom"]), st.floats(-200, 200)), max_size=30))
def test_the_view_never_leaves_the_sound_nor_its_limits(steps: list[tuple[str, float]]) -> None:
    view = _view()
    for step, amount in steps:
        if step == "move":
            view.move(amount)
        else:
            view.zoom(1.0 + abs(amount) / 50 if amount > 0 else 1 / (1.0 + abs(amount) / 50))
    assert MIN_SPAN_S <= view.span_s <= MAX_SPAN_S
    assert view.right_s <= view.last_s + 1e-9


def test_the_edge_moves_evenly_although_sound_comes_in_lumps() -> None:
    edge = SmoothEdge()
    edge.reset()
    shown, now = [], 0.0
    for tick in range(300):
        now = tick / 30
        newest = int(now / 0.2) * 0.2 + 0.2
        shown.append(edge.advance(now, newest))
    steps = [b - a for a, b in pairwise(shown[60:])]
    assert min(steps) >= 0
    assert max(steps) < 0.055, "a lump of 0.2 s must not be seen"
    assert now - shown[-1] < 0.25


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 2)), max_size=60))
def test_the_edge_never_runs_ahead_of_the_sound_nor_back(steps: list[tuple[float, float]]) -> None:
    edge, now, newest, before = SmoothEdge(), 0.0, 0.0, 0.0
    for elapsed, heard in steps:
        now, newest = now + elapsed, newest + heard
        shown = edge.advance(now, newest)
        assert before <= shown <= newest
        assert newest - shown <= 0.6 + 1e-9
        before = shown
