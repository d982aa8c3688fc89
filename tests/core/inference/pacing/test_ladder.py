"""Which settings and hops there are to choose from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.inference.engines.models import Agreement, Setting
from core.inference.live_view import FRAME_VIEW, TWO_WINDOWS
from core.inference.pacing.figures import Figures
from core.inference.pacing.ladder import guessed_cost, guessed_costs, hops_of, ladder_of
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
    assert ladder_of([fine, eight, merged], (0.25,), Figures(known)).settings == (fine, eight, merged)
    assert ladder_of([fine, merged], (0.25,), Figures({fine: 100.0, merged: 180.0})).settings == (fine,)
    assert ladder_of([fine, merged], (0.25,), Figures({fine: 100.0, merged: 110.0})).settings == (fine, merged), (
        "perhaps"
    )


def test_of_two_engines_that_were_measured_the_faster_one_stays() -> None:
    torch, graph = Setting("torch", "fp32", NO_MERGING), Setting("openvino", "fp32", NO_MERGING)
    assert ladder_of([torch, graph], (0.25,), Figures({torch: 5.0, graph: 9.0})).settings == (torch,)
    assert ladder_of([torch, graph], (0.25,), Figures({torch: 9.0, graph: 9.0})).settings == (graph,)


FINE = Setting("openvino", "fp32", NO_MERGING)
EIGHT, MERGED = replace(FINE, precision="int8"), replace(FINE, merge=EARLY)
OTHER, SAME = Agreement(0.9, 0.001), Agreement(1.0, 0.001)


def test_what_the_bench_measured_side_by_side_is_believed_to_the_last_bit() -> None:
    merged = Figures({FINE: 10.0, MERGED: 9.0}, benched={FINE: 10.0, MERGED: 10.1})
    ladder = ladder_of([FINE, MERGED], (0.25,), merged)
    assert ladder.settings == (FINE,), "merging is slower than none"
    assert (ladder.n_slower, ladder.is_benched) == (1, True)
    assert not ladder_of([FINE, MERGED], (0.25,), Figures({FINE: 10.0, MERGED: 20.0}, {FINE: 10.0})).is_benched
    pays = replace(merged, benched={FINE: 10.0, MERGED: 9.9})
    assert ladder_of([FINE, MERGED], (0.25,), pays).settings == (FINE, MERGED)
    torch = replace(FINE, engine="torch")
    assert ladder_of([torch, FINE], (0.25,), Figures(benched={torch: 5.0, FINE: 6.0})).settings == (torch,)


def test_answers_that_differ_too_much_come_last_and_are_for_those_who_ask() -> None:
    figures = Figures({FINE: 100.0, EIGHT: 40.0, MERGED: 60.0}, agreement={FINE: SAME, EIGHT: OTHER, MERGED: SAME})
    ladder = ladder_of([FINE, EIGHT, MERGED], (0.25,), figures)
    assert ladder.settings == (FINE, MERGED, EIGHT)
    assert ladder.refused == {2: OTHER}
    assert {place.setting for place in ladder.places()} == {0, 1}
    assert [place.setting for place in ladder.places(2)] == [2]


@pytest.mark.parametrize(
    ("found", "is_enough"),
    [
        (Agreement(0.97, 0.01), True),
        (Agreement(0.969, 0.0), False),
        (Agreement(1.0, 0.0101), False),
    ],
)
def test_answers_are_as_good_within_the_limits(found: Agreement, is_enough: bool) -> None:
    ladder = ladder_of([FINE, EIGHT], (0.25,), Figures(agreement={EIGHT: found}))
    assert (ladder.refused == {}) == is_enough


def test_whoever_asks_for_what_differs_alone_gets_it() -> None:
    ladder = ladder_of([EIGHT], (0.25,), Figures(agreement={EIGHT: OTHER}))
    assert (ladder.settings, ladder.refused) == ((EIGHT,), {})


def test_a_graph_with_other_answers_is_no_reason_to_leave_pytorch_out() -> None:
    torch = replace(FINE, engine="torch")
    figures = Figures({torch: 90.0, FINE: 30.0}, agreement={FINE: OTHER})
    assert ladder_of([torch, FINE], (0.25,), figures).settings == (torch, FINE)


def test_guesses_follow_what_was_measured_with_another_input() -> None:
    assert guessed_costs([FINE, EIGHT], {FINE: 20.0, EIGHT: 15.0}) == (20.0, 15.0)
    fine, eight = guessed_costs([FINE, EIGHT], {FINE: 20.0})
    assert (fine, eight) == (20.0, pytest.approx(20 * guessed_cost(EIGHT) / guessed_cost(FINE)))
