"""The pace changes under a running listener: no frame is lost, and an event that is open stays open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMelConfig
from core.inference.engines.bench_tables import BenchTable, BenchTables, bench_key
from core.inference.engines.models import Measured, Setting, Shape
from core.inference.listener import Listener
from core.inference.live_tagging import LiveTagging
from core.inference.live_view import FRAME_VIEW, LiveView
from core.inference.pacing import pacer
from core.inference.pacing.models import PaceState, PaceWish, Place
from core.inference.results import FrameScores, LiveUpdate, TagScores, merge_updates
from core.model.merging.schedule import NO_MERGING
from fakes import ListSource
from rig.waiting import PATIENCE_S
from tests.core.inference.pacing.simulated_machine import ladder_of

RATE = 16_000


@dataclass
class Loudness:
    """A frame head that hears its one label in loud frames. setting: which of two it runs in."""

    setting: int = 0
    weights_hash: str = "loudness"
    device: str = "cpu"
    has_frame_head: bool = True
    live_view: LiveView = FRAME_VIEW
    window_frames: int = 1024
    log_mel: LogMelConfig = field(default_factory=LogMelConfig)
    thresholds: NDArray[np.float32] = field(default_factory=lambda: np.array([0.3], np.float32))

    def tag_frames(self, frames: NDArray[np.float32], start_frame: int) -> FrameScores:
        rows = np.arange(-(-start_frame // 10), -(-(start_frame + len(frames)) // 10))
        loud = np.array([frames[max(0, 10 * row - start_frame) :][:10].mean() > -8 for row in rows])
        return FrameScores(np.where(loud, 0.9, 0.01).astype(np.float32)[:, None], (rows + 0.5) / 10)

    def tokens_of(self, n_frames: int) -> tuple[int, int]:
        return n_frames, n_frames - self.setting


class Scripted:
    """In place of `LivePacing`: another setting and hop after a number of windows."""

    script: tuple[tuple[int, int, float], ...] = ()
    made: list[Scripted]

    def __init__(
        self, model: Loudness, wish: PaceWish, memory: object, *, table: BenchTable, costs_ms: dict[str, float]
    ) -> None:
        del memory
        self.table = table
        self.model, self.wish, self.costs_ms = model, wish, costs_ms
        self.n_heard = 0
        self.tagger, self.hop_s = model, 0.25
        Scripted.made.append(self)

    @property
    def state(self) -> PaceState:
        ladder = ladder_of(2, (0.25, 0.5, 1.0))
        place = Place(ladder.hops_s.index(self.hop_s), self.tagger.setting)
        return PaceState(ladder, place, self.wish, "finest")

    def heard(self, scores: TagScores) -> bool:
        del scores
        self.n_heard += 1
        for n_windows, setting, hop_s in Scripted.script:
            if n_windows == self.n_heard:
                self.tagger, self.hop_s = Loudness(setting), hop_s
                return True
        return False


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacer, "LivePacing", Scripted)
    monkeypatch.setattr(Scripted, "script", ())
    Scripted.made = []


def blocks_of(seconds: float, loud_from_s: float, loud_to_s: float) -> list[AudioBlock]:
    moments = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 1, len(moments))
    samples = np.where((moments >= loud_from_s) & (moments < loud_to_s), 0.3, 1e-4) * noise
    return [AudioBlock(samples[i : i + 800].astype(np.float32), i, RATE) for i in range(0, len(samples), 800)]


def hear(listener: Listener, until: Callable[[LiveUpdate], bool] = lambda update: update.has_ended) -> LiveUpdate:
    listener.start()
    heard, deadline = LiveUpdate(), time.monotonic() + PATIENCE_S
    while not until(heard):
        assert time.monotonic() < deadline, "it did not get there"
        update = listener.wait_update(0.5)
        heard = heard if update is None else merge_updates([heard, update])
    return heard


def test_setting_and_hop_change_while_an_event_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "script", ((8, 1, 1.0), (12, 0, 0.25)))
    source = ListSource(blocks_of(16, 4.0, 12.0))
    heard = hear(Listener(source, tagger=Loudness(), skips=False, pace=PaceWish()))  # type: ignore[arg-type]
    assert heard.failure is None
    began, ended = heard.events
    assert (began.id, ended.id) == (1, 1)
    assert (began.onset_s, ended.onset_s) == (4.0, 4.0)
    assert ended.offset_s == pytest.approx(12.0, abs=0.11)
    hops_s = np.diff([scores.end_s for scores in heard.scores]).round(2).tolist()
    assert {0.25, 1.0} <= set(hops_s)
    assert {scores.tokens_in - scores.tokens_out for scores in heard.scores} == {0, 1}, "both settings were used"
    frames = [(run.first_frame, run.first_frame + len(run.frames)) for run in heard.runs]
    assert all(before[1] == after[0] for before, after in pairwise(frames)), "no frame is lost"
    assert frames[-1][1] == 1598
    assert heard.status.dropped_blocks == heard.status.skipped_windows == 0


def test_the_state_comes_with_the_updates() -> None:
    heard = hear(Listener(ListSource(blocks_of(5, 1, 2)), tagger=Loudness(), skips=False, pace=PaceWish()))  # type: ignore[arg-type]
    assert heard.pace is not None
    assert heard.pace.hop_s == 0.25
    without = hear(Listener(ListSource(blocks_of(2, 1, 2)), tagger=Loudness(), skips=False))  # type: ignore[arg-type]
    assert without.pace is None


def test_another_wish_counts_from_the_next_window_and_knows_what_was_learnt() -> None:
    model, pace = Loudness(), pacer.Pacer(PaceWish())
    paced = pace.begin(LiveTagging(model))  # type: ignore[arg-type]
    assert pace.begin(paced) is paced, "nothing has changed"
    Scripted.made[0].costs_ms = {"learnt": 1.0}
    pace.use(PaceWish("fastest"))
    assert pace.begin(paced) is not paced
    assert (Scripted.made[1].wish, Scripted.made[1].costs_ms) == (PaceWish("fastest"), {"learnt": 1.0})
    assert Scripted.made[1].model is model
    other = Loudness()
    pace.begin(LiveTagging(other))  # type: ignore[arg-type]
    assert Scripted.made[2].model is other
    assert Scripted.made[2].costs_ms == {}, "what was learnt is of another model"


def test_a_hop_by_hand_is_part_of_every_wish() -> None:
    source = ListSource(blocks_of(4, 1, 3))
    listener = Listener(source, tagger=Loudness(), skips=False, pace=PaceWish(), hop_s=0.5)  # type: ignore[arg-type]
    listener.use_pace(PaceWish("2"))
    hear(listener)
    assert Scripted.made[-1].wish == PaceWish("2", 0.5)


def test_short_first_windows_are_no_measure() -> None:
    hear(Listener(ListSource(blocks_of(5, 1, 2)), tagger=Loudness(), skips=False, pace=PaceWish()))  # type: ignore[arg-type]
    [pacing] = Scripted.made
    assert pacing.n_heard == 9, "2.75 to 4.75 s"


def test_the_figures_of_the_bench_come_with_the_model(tmp_path: Path) -> None:
    model, tables = Loudness(), BenchTables(tmp_path)
    row = Measured(Setting("torch", "fp32", NO_MERGING), Shape("columns", 256), 9.0, 9.5, 100.0, 1.0, 0.0)
    tables.keep(bench_key(model), [row])  # type: ignore[arg-type]
    pacer.Pacer(PaceWish(), tables=tables).begin(LiveTagging(model))  # type: ignore[arg-type]
    assert Scripted.made[-1].table.rows == (row,)
