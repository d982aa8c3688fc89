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
    merged, faster = Setting("torch", "fp32", EARLY), Setting("openvino", "fp32", EARLY)
    ladder = ladder_of([torch, graph, merged, faster, faster], (0.25,))
    assert ladder.settings == (graph, faster)
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


def test_what_is_coarser_without_being_faster_is_left_out() -> None:
    fine = Setting("openvino", "fp32", NO_MERGING)
    eight, merged = replace(fine, precision="int8"), replace(fine, merge=schedule_from_word("16", 512))
    assert guessed_cost(merged) > guessed_cost(eight)
    assert ladder_of([fine, eight, merged], (0.25,)).settings == (fine, eight)
    known = {fine: 100.0, eight: 80.0, merged: 40.0}
    assert ladder_of([fine, eight, merged], (0.25,), known).settings == (fine, eight, merged)
    assert ladder_of([fine, merged], (0.25,), {fine: 100.0, merged: 180.0}).settings == (fine,)
    assert ladder_of([fine, merged], (0.25,), {fine: 100.0, merged: 110.0}).settings == (fine, merged), "perhaps"


def test_of_two_engines_that_were_measured_the_faster_one_stays() -> None:
    torch, graph = Setting("torch", "fp32", NO_MERGING), Setting("openvino", "fp32", NO_MERGING)
    assert ladder_of([torch, graph], (0.25,), {torch: 5.0, graph: 9.0}).settings == (torch,)
    assert ladder_of([torch, graph], (0.25,), {torch: 9.0, graph: 9.0}).settings == (graph,)
