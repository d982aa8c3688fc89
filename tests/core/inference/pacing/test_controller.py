"""The pace of simulated machines: slow ones, busy ones, hot ones, and one that stands still for 3 s."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.pacing.controller import CALM_S, COMFORT_SHARE, LEAST_S, MOST_SHARE
from core.inference.pacing.models import PaceWish, Place
from tests.core.inference.pacing.simulated_machine import COSTS_MS, HOPS_S, Machine

ALL_KNOWN = dict(enumerate(COSTS_MS))


def finest_fit(slowness: float) -> Place:
    """The first place in order that needs at most 70 % of the time of a machine so many times as slow."""
    places = (Place(hop, setting) for hop in range(len(HOPS_S)) for setting in range(len(COSTS_MS)))
    return next(one for one in places if slowness * COSTS_MS[one.setting] <= MOST_SHARE * 1000 * HOPS_S[one.hop])


def test_a_machine_with_room_stays_at_the_finest() -> None:
    machine = Machine().run(1800)
    assert machine.changes == []
    assert machine.place == Place(0, 0)
    assert machine.n_skipped == 0
    state = machine.controller.state()
    assert (state.reason, state.is_behind) == ("finest", False)
    assert state.share == pytest.approx(0.48)


@pytest.mark.parametrize("slowness", [2, 4, 8])
def test_a_slower_machine_finds_the_finest_pace_that_fits(slowness: float) -> None:
    machine = Machine(load=lambda _now_s: slowness, measured=ALL_KNOWN).run(600)
    assert machine.place == finest_fit(slowness)
    assert machine.share(300, 600) <= MOST_SHARE
    assert len(machine.changes) == 1, "what is known needs no search"


@pytest.mark.parametrize("slowness", [2, 4, 8])
def test_a_slower_machine_of_which_nothing_is_known_keeps_up_within_minutes(slowness: float) -> None:
    machine = Machine(load=lambda _now_s: slowness).run(1800)
    best = finest_fit(slowness)
    assert machine.place.hop == best.hop, "no hop is longer than it has to be"
    assert machine.place.setting - best.setting in (0, 1)
    assert machine.share(900, 1800) <= MOST_SHARE
    assert machine.changes[0][0] < 20, "an overload at the start is seen at once"


def test_settings_get_faster_before_hops_get_longer() -> None:
    for slowness in range(1, 100, 7):
        place = Machine(load=lambda _now_s, slowness=slowness: slowness, measured=ALL_KNOWN).run(300).place
        fits_at_a_shorter_hop = [
            HOPS_S[hop] for hop in range(place.hop) if slowness * min(COSTS_MS) <= MOST_SHARE * 1000 * HOPS_S[hop]
        ]
        assert not fits_at_a_shorter_hop, f"{slowness} times as slow: {place}"


def test_a_load_that_comes_and_goes_is_followed_and_left_behind() -> None:
    machine = Machine(load=lambda now_s: 4 if 300 < now_s < 900 else 1, measured=ALL_KNOWN).run(2400)
    came = next(place for moment_s, place in machine.changes if 300 < moment_s < 330)
    assert came == finest_fit(4)
    assert machine.share(400, 900) <= MOST_SHARE
    reasons = {state.reason for moment_s, state in machine.states if 930 < moment_s < 1000}
    assert reasons == {"waiting"}, "there is room, but not for long"
    assert machine.place == Place(0, 0), "what had to be coarser is fine again"
    back_s = machine.changes[-1][0]
    assert back_s - 900 >= CALM_S, "not before there has been room for two minutes"


def test_a_load_that_comes_every_few_minutes_is_not_followed_for_ever() -> None:
    machine = Machine(load=lambda now_s: 4 if (now_s // 200) % 2 else 1, measured=ALL_KNOWN).run(10_800)
    early = sum(moment_s < 3600 for moment_s, _ in machine.changes)
    late = sum(moment_s >= 7200 for moment_s, _ in machine.changes)
    assert early >= 3
    assert late <= early / 2, "each time that the fine pace does not last, the next try comes later"


def test_a_machine_that_gets_hotter_steps_down_and_comes_back_when_it_cools() -> None:
    hot = Machine(load=lambda now_s: 1 + min(now_s, 1200) / 400 if now_s < 2400 else 1, measured=ALL_KNOWN).run(2400)
    down = [place for _, place in hot.changes]
    assert down == sorted(down), "one step after the other, never back while it gets hotter"
    assert hot.share(1500, 2400) <= MOST_SHARE
    assert hot.run(3600).place == Place(0, 0)


def test_a_stall_of_three_seconds_changes_nothing() -> None:
    machine = Machine(stalls=[(100.0, 103.0), (400.0, 403.0)]).run(600)
    assert machine.changes == []
    assert max(machine.lags_ms) < 3500
    after = [lag_ms for lag_ms, (done_s, _) in zip(machine.lags_ms, machine.busy_s, strict=True) if 104 < done_s < 399]
    assert max(after) == pytest.approx(COSTS_MS[0]), "the newest window came next, the missed ones were skipped"
    assert not any(state.is_behind for _, state in machine.states)


def test_bursts_that_never_end_are_an_overload() -> None:
    machine = Machine(load=lambda now_s: 20 if now_s % 3 < 0.3 else 1, measured=ALL_KNOWN).run(600)
    assert machine.place > Place(0, 0)
    assert machine.share(300, 600) <= MOST_SHARE + 0.1


def test_a_machine_that_cannot_keep_up_says_so_and_takes_the_fastest() -> None:
    machine = Machine(load=lambda _now_s: 100).run(900)
    assert machine.place == Place(len(HOPS_S) - 1, len(COSTS_MS) - 1)
    assert machine.controller.state().is_behind
    well = Machine(load=lambda now_s: 100 if now_s < 900 else 1).run(3600)
    assert not well.controller.state().is_behind
    assert well.place == Place(0, 0)


def test_a_chosen_setting_stays_and_only_the_hop_follows() -> None:
    machine = Machine(load=lambda _now_s: 4, wish=PaceWish("finest")).run(900)
    assert {place.setting for _, place in machine.changes} == {0}
    assert machine.place == Place(2, 0)
    assert machine.controller.state().reason == "hops too short"


def test_a_chosen_hop_stays_and_only_the_setting_follows() -> None:
    machine = Machine(load=lambda _now_s: 2, hops_s=(0.25,), measured=ALL_KNOWN).run(900)
    assert machine.place == Place(0, 1)
    slow = Machine(load=lambda _now_s: 12, hops_s=(0.25,), wish=PaceWish("1", 0.25)).run(900)
    assert slow.changes == []
    assert slow.controller.state().is_behind, "nothing may be changed, so it is said"


def test_what_is_remembered_is_where_it_begins() -> None:
    machine = Machine(load=lambda _now_s: 4, measured=ALL_KNOWN, start=Place(0, 3)).run(1200)
    assert machine.changes == []
    quiet = Machine(measured=ALL_KNOWN, start=Place(0, 3)).run(1200)
    assert [place for _, place in quiet.changes] == [Place(0, 0)]


def test_only_what_is_ready_is_chosen_and_what_is_wanted_is_named() -> None:
    machine = Machine(load=lambda _now_s: 2, measured=ALL_KNOWN)
    machine.controller._ready = {0}
    machine.run(120)
    assert machine.place == Place(1, 0), "a longer hop, until the faster setting is ready"
    assert machine.controller.wanted == 2, "the finest that leaves room"
    assert machine.controller.state().reason == "preparing"
    machine.controller.set_ready(2)
    machine.run(400)
    assert machine.place == Place(0, 2)
    assert machine.controller.wanted is None


def test_a_graph_that_takes_over_is_used_without_a_long_wait() -> None:
    machine = Machine(load=lambda now_s: 5 if now_s < 200 else 1, wish=PaceWish("finest")).run(200)
    assert machine.place.hop == 2
    machine.controller.set_engine_changed()
    machine.run(230)
    assert machine.place == Place(0, 0)


def test_a_setting_that_costs_more_than_the_finer_one_is_left() -> None:
    """Merging that costs more than it saves."""
    machine = Machine(costs_ms=(100, 400, 160, 20), load=lambda _now_s: 2).run(1800)
    assert machine.place.setting in (2, 3)
    assert machine.share(900, 1800) <= MOST_SHARE
    cheap = Machine(costs_ms=(100, 130), start=Place(0, 1)).run(1800)
    assert cheap.place == Place(0, 0), "it uses less and is finer"


def test_a_load_that_ends_as_the_pace_changes_does_not_keep_it_coarse_for_ever() -> None:
    machine = Machine(load=lambda now_s: 4 if now_s < 11.5 else 1).run(4500)
    assert machine.place == Place(0, 0)


def test_an_input_that_is_always_late_is_no_overload() -> None:
    class Wireless(Machine):
        def _take_newest(self) -> float:
            return super()._take_newest() - 3.0

    assert Wireless().run(600).changes == []


loads = st.lists(st.tuples(st.floats(5, 400), st.floats(0.05, 150)), min_size=1, max_size=12)
"""How long each load lasts, and how many times as slow it makes the machine."""


@settings(max_examples=25)
@given(
    loads=loads,
    costs_ms=st.lists(st.floats(5, 800), min_size=1, max_size=6),
    stalls=st.lists(st.tuples(st.floats(0, 900), st.floats(0.1, 8)), max_size=4),
    wish=st.sampled_from(["auto", "finest", "fastest", "2"]),
    is_known=st.booleans(),
)
def test_whatever_a_machine_does(
    loads: list[tuple[float, float]],
    costs_ms: list[float],
    stalls: list[tuple[float, float]],
    wish: str,
    is_known: bool,
) -> None:
    def load(now_s: float) -> float:
        for lasts_s, slowness in loads:
            if now_s < lasts_s:
                return slowness
            now_s -= lasts_s
        return loads[-1][1]

    machine = Machine(
        costs_ms=costs_ms,
        load=load,
        stalls=[(start_s, start_s + lasts_s) for start_s, lasts_s in stalls],
        wish=PaceWish(wish),
        measured=dict(enumerate(costs_ms)) if is_known else {},
    ).run(900)
    assert all(gap_s >= LEAST_S for gap_s in machine.gaps_s()), "two changes within a minute"
    assert all(lag <= bound for lag, bound in zip(machine.lags_ms, machine.bounds_ms, strict=True)), "latency grew"
    chosen = PaceWish(wish).setting_of(len(costs_ms))
    assert chosen is None or {place.setting for _, place in machine.changes} <= {chosen}
    for _, state in machine.states:
        assert 0 <= state.place.setting < len(costs_ms)
        assert not state.is_behind or (state.share is not None and state.share > 1)


@settings(max_examples=15)
@given(slowness=st.floats(0.05, 60), costs_ms=st.lists(st.floats(5, 800), min_size=1, max_size=6))
def test_a_steady_machine_comes_to_rest_within_what_it_can_hold(slowness: float, costs_ms: list[float]) -> None:
    machine = Machine(costs_ms=costs_ms, load=lambda _now_s: slowness, measured=dict(enumerate(costs_ms))).run(900)
    share = slowness * costs_ms[machine.place.setting] / 1000 / machine.hop_s
    can_fit = slowness * min(costs_ms) <= MOST_SHARE * 1000 * HOPS_S[-1]
    assert share <= MOST_SHARE + 1e-6 if can_fit else machine.place.hop == len(HOPS_S) - 1
    finer = [one for one in machine.controller._places if one < machine.place]
    assert all(slowness * costs_ms[one.setting] / 1000 / HOPS_S[one.hop] > COMFORT_SHARE for one in finer)
