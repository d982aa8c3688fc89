"""A real model at the pace of a simulated machine: settings, hops, what is prepared and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.inference.engines.bench_tables import BenchTable
from core.inference.engines.measuring import merges_of
from core.inference.engines.models import Agreement, Measured, Setting, Shape
from core.inference.pacing.live_pacing import NOT_BENCHED, LivePacing
from core.inference.pacing.memory import PaceMemory
from core.inference.pacing.model_settings import ModelSettings
from core.inference.pacing.models import PaceWish
from core.inference.pacing.settings import Known, settings_for
from core.inference.results import TagScores
from core.inference.tagger import Tagger
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint

SHIPPED = MergeSchedule(r=64, reference_patches=512)
FINE, FAST = (Setting("torch", "fp32", merge) for merge in (NO_MERGING, SHIPPED))


class Room:
    """A machine whose clock a test moves; each window takes what `costs_ms` says."""

    def __init__(self, path: Path, wish: PaceWish | None = None) -> None:
        self.now_s = 0.0
        self.costs_ms = {FINE: 100.0, FAST: 50.0}
        self.tagger = Tagger(telling_checkpoint(merge=SHIPPED), device="cpu")
        self.memory = PaceMemory(path, "this machine")
        self.begin(wish or PaceWish())

    def begin(self, wish: PaceWish, table: BenchTable = NOT_BENCHED) -> None:
        self.pacing = LivePacing(self.tagger, wish, self.memory, table=table, clock=lambda: self.now_s)

    def listen(self, seconds: float) -> list[tuple[Setting, float]]:
        """What it changed to meanwhile."""
        changes: list[tuple[Setting, float]] = []
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            compute_ms = self.costs_ms[self.pacing.setting]
            self.now_s += max(self.pacing.hop_s, compute_ms / 1000)
            scores = TagScores(np.zeros(4, np.float32), 0, 100, latency_ms=compute_ms, compute_ms=compute_ms)
            if self.pacing.heard(scores):
                changes.append((self.pacing.setting, self.pacing.hop_s))
        return changes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pacing.json"


def test_it_begins_with_the_finest_and_follows_the_machine(path: Path) -> None:
    room = Room(path)
    assert (room.pacing.setting, room.pacing.hop_s) == (FINE, 0.25)
    assert room.pacing.tagger.merge == NO_MERGING
    assert room.listen(100) == []
    room.costs_ms = {FINE: 300.0, FAST: 150.0}
    assert room.listen(100) == [(FAST, 0.25)]
    assert room.pacing.tagger.merge == SHIPPED
    assert room.pacing.state.share == pytest.approx(0.6)
    room.costs_ms = {FINE: 900.0, FAST: 450.0}
    assert room.listen(100) == [(FAST, 1.0)]
    assert room.tagger.merge == SHIPPED, "the model itself stays as it was given"


def test_the_next_time_it_begins_where_it_was(path: Path) -> None:
    room = Room(path)
    room.costs_ms = {FINE: 300.0, FAST: 150.0}
    room.listen(200)
    again = Room(path)
    assert (again.pacing.setting, again.pacing.hop_s) == (FAST, 0.25)
    assert again.pacing.costs_ms.keys() == {FINE, FAST}
    again.costs_ms = {FINE: 300.0, FAST: 150.0}
    assert again.listen(200) == []


def test_what_is_chosen_by_hand_is_not_what_it_begins_with_the_next_time(path: Path) -> None:
    room = Room(path)
    room.listen(30)
    room.begin(PaceWish("fastest"))
    assert room.pacing.setting == FAST
    room.listen(30)
    remembered = room.memory.recall(room.pacing._key)
    assert remembered is not None
    assert remembered.setting == FINE
    assert remembered.costs_ms.keys() == {FINE, FAST}, "what it costs was learnt all the same"
    assert Room(path).pacing.setting == FINE


def test_a_hop_by_hand_stays(path: Path) -> None:
    room = Room(path, PaceWish("auto", 0.5))
    room.costs_ms = {FINE: 5000.0, FAST: 2500.0}
    room.listen(300)
    assert (room.pacing.setting, room.pacing.hop_s) == (FAST, 0.5)
    assert room.pacing.state.is_behind


def test_a_graph_is_waited_for_before_its_setting_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {FINE: "ready", FAST: "coming"}
    asked: list[Setting] = []

    def prepare(_settings: ModelSettings, setting: Setting) -> str:
        asked.append(setting)
        return answers[setting]

    monkeypatch.setattr(ModelSettings, "prepare", prepare)
    monkeypatch.setattr(
        "core.inference.pacing.model_settings.known_of", lambda _tagger, setting: Known(is_ready=setting == FINE)
    )
    room = Room(path)
    room.costs_ms = {FINE: 300.0, FAST: 20.0}
    assert room.listen(100) == [(FINE, 0.5)], "a longer hop, as long as the faster setting is not there"
    assert FAST in asked, "it is being prepared meanwhile"
    answers[FAST] = "ready"
    assert room.listen(300) == [(FAST, 0.25)]


def test_a_setting_that_cannot_be_prepared_is_not_asked_for_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Setting] = []
    monkeypatch.setattr(ModelSettings, "prepare", lambda _settings, setting: asked.append(setting) or "none")
    monkeypatch.setattr(
        "core.inference.pacing.model_settings.known_of", lambda _tagger, setting: Known(is_ready=setting == FINE)
    )
    room = Room(path)
    room.costs_ms[FINE] = 300.0
    room.listen(300)
    assert room.pacing.setting == FINE
    assert asked == [FINE, FAST]


def test_a_graph_that_takes_over_is_measured_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(path, PaceWish("finest"))
    engine = {"name": "PyTorch fp32"}
    monkeypatch.setattr(Tagger, "engine", property(lambda _tagger: engine["name"]))
    room.costs_ms[FINE] = 900.0
    assert room.listen(100) == [(FINE, 2.0)]
    engine["name"], room.costs_ms[FINE] = "OpenVINO fp32", 60.0
    assert room.listen(40) == [(FINE, 0.25)], "without a long calm"


def test_what_is_learnt_later_is_written_too(path: Path) -> None:
    room = Room(path)
    room.listen(30)
    room.costs_ms[FINE] = 40.0
    room.listen(700)
    remembered = PaceMemory(path, "this machine").recall(room.pacing._key)
    assert remembered is not None
    assert remembered.costs_ms[FINE] == pytest.approx(40, rel=0.01)


def test_a_choice_that_has_to_be_prepared_is_stood_in_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {FINE: "ready", FAST: "coming"}
    monkeypatch.setattr(ModelSettings, "prepare", lambda _settings, setting: answers[setting])
    monkeypatch.setattr(
        "core.inference.pacing.model_settings.known_of", lambda _tagger, setting: Known(is_ready=setting == FINE)
    )
    room = Room(path, PaceWish("fastest"))
    assert room.pacing.setting == FINE
    assert (room.pacing.state.reason, room.pacing.state.setting) == ("preparing", FINE)
    assert room.listen(30) == []
    answers[FAST] = "ready"
    assert room.listen(30) == [(FAST, 0.25)]
    assert room.pacing.state.setting == FAST


def benched(fine_ms: float, fast_ms: float, share: float = 1.0, difference: float = 0.0) -> BenchTable:
    """A table that is newer than whatever is remembered; merging early takes twice as long as none."""
    times_ms = dict.fromkeys(settings_for(Tagger(telling_checkpoint(merge=SHIPPED), device="cpu")), 2 * fine_ms)
    times_ms |= {FINE: fine_ms, FAST: fast_ms}
    found = {one: (share, difference) if one == FAST else (1.0, 0.0) for one in times_ms}
    shape = Shape("columns", 256)
    return BenchTable(tuple(Measured(one, shape, ms, ms, 99.0, *found[one]) for one, ms in times_ms.items()), at=1e11)


def test_it_begins_where_the_bench_says_that_it_fits(path: Path) -> None:
    room = Room(path)
    room.begin(PaceWish(), benched(fine_ms=300.0, fast_ms=150.0))
    assert (room.pacing.setting, room.pacing.hop_s) == (FAST, 0.25)
    assert (room.pacing.state.share, room.pacing.state.is_forecast) == (pytest.approx(0.6), True)


def test_a_bench_counts_more_than_where_it_was_before(path: Path) -> None:
    room = Room(path)
    room.costs_ms = {FINE: 300.0, FAST: 150.0}
    room.listen(200)
    assert room.pacing.setting == FAST
    room.begin(PaceWish(), benched(fine_ms=30.0, fast_ms=20.0))
    assert (room.pacing.setting, room.pacing.hop_s) == (FINE, 0.25)


def test_merging_that_does_not_pay_is_off_however_slow_the_machine(path: Path) -> None:
    room = Room(path)
    room.begin(PaceWish(), benched(fine_ms=300.0, fast_ms=301.0))
    room.costs_ms = {FINE: 300.0, FAST: 301.0}
    assert (room.pacing.setting, room.pacing.hop_s) == (FINE, 0.5)
    assert room.listen(300) == []
    assert room.pacing.state.ladder.settings == (FINE,)
    assert room.pacing.state.ladder.n_slower == len(merges_of(room.tagger)) - 1


def test_merging_early_is_taken_where_it_pays_though_the_model_s_own_does_not(path: Path) -> None:
    room, table = Room(path), benched(fine_ms=300.0, fast_ms=301.0)
    early = merges_of(room.tagger)[-1]
    rows = tuple(replace(row, p50_ms=150.0) if row.setting.merge == early else row for row in table.rows)
    room.begin(PaceWish(), replace(table, rows=rows))
    assert (room.pacing.setting.merge, room.pacing.hop_s) == (early, 0.25)
    assert early not in (NO_MERGING, SHIPPED)


@pytest.mark.parametrize(("share", "difference"), [(0.96, 0.0), (1.0, 0.011)])
def test_what_does_not_agree_is_for_those_who_choose_it(path: Path, share: float, difference: float) -> None:
    room, table = Room(path), benched(300.0, 20.0, share, difference)
    room.begin(PaceWish(), table)
    room.costs_ms = {FINE: 300.0, FAST: 20.0}
    assert room.listen(300) == []
    assert (room.pacing.setting, room.pacing.hop_s) == (FINE, 0.5)
    room.begin(PaceWish("fastest"), table)
    assert (room.pacing.setting, room.pacing.hop_s) == (FAST, 0.25)


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_a_graph_that_turns_out_to_answer_otherwise_is_left_out(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_by_hand: bool
) -> None:
    made: list[Setting] = []

    def known_of(_tagger: Tagger, setting: Setting) -> Known:
        return Known(is_ready=setting in (FINE, *made), agreement=Agreement(0.8, 0.05) if setting in made else None)

    def prepare(_settings: ModelSettings, setting: Setting) -> str:
        made.append(setting)
        return "ready"

    monkeypatch.setattr(ModelSettings, "prepare", prepare)
    monkeypatch.setattr("core.inference.pacing.model_settings.known_of", known_of)
    room = Room(path, PaceWish("fastest") if is_by_hand else PaceWish())
    room.costs_ms = {FINE: 300.0, FAST: 20.0}
    room.listen(300)
    assert FAST in made
    assert room.pacing.setting == (FAST if is_by_hand else FINE)
