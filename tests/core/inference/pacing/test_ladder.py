"""Which settings and hops there are to choose from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.inference.engines.models import Setting
from core.inference.live_view import FRAME_VIEW, TWO_WINDOWS
from core.inference.pacing.ladder import guessed_cost, hops_of, ladder_of
from core.model.merging.schedule import NO_MERGING, MergeSchedule, schedule_from_word

EARLY = schedule_from_word("decreasing:34", 512)


def test_hops_are_multiples_of_the_models_own_within_what_it_hears() -> None:
    assert hops_of(FRAME_VIEW, has_frame_head=True) == (0.25, 0.5, 1.0, 2.0)
    assert hops_of(TWO_WINDOWS, has_frame_head=False) == (0.5, 1.0, 2.0)
    assert hops_of(replace(FRAME_VIEW, hop_s=10.0), has_frame_head=True) == (10.0,)


def test_pytorch_is_left_out_where_a_graph_answers_the_same() -> None:
    torch, graph = Setting("torch", "fp32", NO_MERGING), Setting("openvino", "fp32", NO_MERGING)
    merged = Setting("torch", "fp32", EARLY)
    ladder = ladder_of([torch, graph, merged, merged], (0.25,))
    assert ladder.settings == (graph, merged)
    assert ladder_of([torch, merged], (0.25,)).settings == (torch, merged)


def test_guesses_know_engines_precisions_and_merging() -> None:
    finest = Setting("torch", "fp32", NO_MERGING)
    assert guessed_cost(finest) == pytest.approx(1)
    for faster in (
        replace(finest, engine="openvino"),
        replace(finest, precision="bf16"),
        replace(finest, merge=EARLY),
        replace(finest, merge=MergeSchedule("listed", listed=(200, 100))),
    ):
        assert 0 < guessed_cost(faster) < 1
    even = replace(finest, merge=schedule_from_word("34", 512))
    assert guessed_cost(replace(finest, merge=EARLY)) < guessed_cost(even), "the same number, earlier"
