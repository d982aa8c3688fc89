"""A machine with a clock of its own, and the live path's slot of one window, in which the newest stays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.inference.engines.models import Setting
from core.inference.pacing.controller import PaceController
from core.inference.pacing.costs import Costs
from core.inference.pacing.models import Ladder, PaceState, PaceWish, Place
from core.model.merging.schedule import MergeSchedule

HOPS_S = (0.25, 0.5, 1.0, 2.0)
COSTS_MS = (120.0, 80.0, 50.0, 25.0)
"""What a window takes in each setting while nothing else runs."""


def ladder_of(n_settings: int, hops_s: Sequence[float] = HOPS_S, guesses: Sequence[float] | None = None) -> Ladder:
    """So many settings, each merging more than the one before; guessed to cost a fifth less each time."""
    settings = tuple(Setting("openvino", "fp32", MergeSchedule(r=8 * place)) for place in range(n_settings))
    return Ladder(settings, tuple(hops_s), tuple(guesses or (0.8**place for place in range(n_settings))))


@dataclass
class Machine:
    """Computes windows one after the other; `load` says how many times as long they take at a moment, `stalls` when it
    stands still and until when."""

    costs_ms: Sequence[float] = COSTS_MS
    load: Callable[[float], float] = lambda _now_s: 1.0
    stalls: Sequence[tuple[float, float]] = ()
    wish: PaceWish = field(default_factory=PaceWish)
    measured: dict[int, float] = field(default_factory=dict)
    start: Place | None = None
    hops_s: Sequence[float] = HOPS_S
    guesses: Sequence[float] | None = None

    def __post_init__(self) -> None:
        self.now_s = 0.0
        self.changes: list[tuple[float, Place]] = []
        self.lags_ms: list[float] = []
        self.bounds_ms: list[float] = []
        """For each window the most that its lag may be: a hop, the window before it, and its own time."""
        self.n_skipped = 0
        self.busy_s: list[tuple[float, float]] = []
        """When each window was done, and how long it took."""
        self.states: list[tuple[float, PaceState]] = []
        self.costs = Costs(ladder_of(len(self.costs_ms), self.hops_s, self.guesses).guesses, self.measured)
        self.controller = PaceController(
            ladder_of(len(self.costs_ms), self.hops_s, self.guesses),
            self.wish,
            self.costs,
            clock=lambda: self.now_s,
            start=self.start,
        )
        self._next_due_s = self.hop_s

    @property
    def place(self) -> Place:
        return self.controller.place

    @property
    def hop_s(self) -> float:
        return self.hops_s[self.place.hop]

    def run(self, until_s: float) -> Machine:
        """Listen until a moment."""
        took_before_s = 0.0
        while self.now_s < until_s:
            due_s = self._take_newest()
            began_s = self.now_s
            self.now_s = self._done_at(began_s, self.costs_ms[self.place.setting] / 1000 * self.load(began_s))
            took_s = self.now_s - began_s
            lag_s = self.now_s - due_s
            self.lags_ms.append(1000 * lag_s)
            self.bounds_ms.append(1000 * (self.hop_s + took_before_s + took_s) + 1e-3)
            self.busy_s.append((self.now_s, took_s))
            took_before_s = took_s
            place = self.controller.heard(1000 * took_s, 1000 * lag_s)
            if not self.states or self.now_s - self.states[-1][0] > 5:
                self.states.append((self.now_s, self.controller.state()))
            if place is not None:
                assert place == self.place
                self.changes.append((self.now_s, place))
        return self

    def _take_newest(self) -> float:
        """Wait for the next window if none is due; skip all but the newest that is."""
        hop_s = self.hop_s
        due_s = math.ceil(self._next_due_s / hop_s - 1e-9) * hop_s
        if due_s > self.now_s:
            self.now_s = due_s
        newest_s = max(due_s, math.floor(self.now_s / hop_s + 1e-9) * hop_s)
        self.n_skipped += round((newest_s - due_s) / hop_s)
        self._next_due_s = newest_s + 1e-6
        return newest_s

    def _done_at(self, began_s: float, takes_s: float) -> float:
        done_s = began_s + takes_s
        for first_s, last_s in self.stalls:
            if began_s < last_s and done_s > first_s:
                done_s += last_s - max(first_s, began_s)
        return done_s

    def share(self, from_s: float, to_s: float) -> float:
        """How much of the time between two moments it computed."""
        return sum(took_s for done_s, took_s in self.busy_s if from_s < done_s <= to_s) / (to_s - from_s)

    def gaps_s(self) -> list[float]:
        """From each change to the next."""
        moments = [moment_s for moment_s, _ in self.changes]
        return [later - earlier for earlier, later in pairwise(moments)]
