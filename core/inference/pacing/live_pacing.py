"""One model's pace in the live view: runs it in the setting that the controller chose, and has others prepared.

Everything here is for the inference thread. What takes long, making and loading a graph, happens elsewhere; until it is
there the model runs on as before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.inference.engines.bench_tables import BenchTable, bench_key
from core.inference.engines.models import Setting
from core.inference.pacing.controller import PaceController
from core.inference.pacing.costs import Costs
from core.inference.pacing.figures import Figures, figures_of, is_newer
from core.inference.pacing.ladder import hops_of, ladder_of
from core.inference.pacing.memory import PaceMemory, Remembered
from core.inference.pacing.model_settings import ModelSettings
from core.inference.pacing.models import AUTO, Ladder, PaceState, PaceWish, Place
from core.inference.pacing.sentences import pace_sentence
from core.inference.pacing.settings import live_shapes
from core.inference.results import TagScores

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)
PREPARED_FROM_S, PREPARED_EVERY_S = 5.0, 1.0
"""When graphs are first looked for, after the start, and how often what is being prepared is looked after."""

REMEMBERED_EVERY_S = 600.0
"""How often what was learnt is written, beside at each change."""
NOT_BENCHED = BenchTable()


class LivePacing:
    """The pace of `model`, a tagger that stays as it is. table: what `soundmark bench` measured of it. costs_ms: what
    settings are known to take, beside what is remembered of them."""

    def __init__(
        self,
        model: Tagger,
        wish: PaceWish,
        memory: PaceMemory,
        *,
        table: BenchTable = NOT_BENCHED,
        costs_ms: Mapping[Setting, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model, self.wish, self._memory, self._clock = model, wish, memory, clock
        self._key = f"{bench_key(model)}-{model.live_view.context}"
        self._remembered = memory.recall(self._key)
        # A machine that was measured since then is begun with by its figures.
        self._last_used = None if is_newer(table, self._remembered) else self._remembered
        self._settings = ModelSettings(model)
        figures = figures_of(self._settings.known, table, live_shapes(model), self._remembered)
        self._agreement = figures.agreement
        known_ms = {**figures.ms, **(costs_ms or {})}
        self._ladder = self._build_ladder(replace(figures, ms=known_ms))
        places = {setting: place for place, setting in enumerate(self._ladder.settings)}
        self._costs = Costs(self._ladder.guesses, {places[one]: ms for one, ms in known_ms.items() if one in places})
        self._controller = self._build_controller()
        self.setting, self.hop_s = self._at(self._controller.place)
        """What is in use."""
        self._next = self._stand_in()
        self.state = self._present_state()
        """The pace in use, and how it does."""
        self._remembered_s = clock()
        self._engine = ""
        self._preparing: Setting | None = self.setting
        self._looked_s = clock() + PREPARED_FROM_S - PREPARED_EVERY_S
        _log.info("pace: %s", pace_sentence(self.state))

    # ----- building -----

    def _build_ladder(self, figures: Figures) -> Ladder:
        view, has_frame_head = self.model.live_view, self.model.has_frame_head
        hops_s = hops_of(view, has_frame_head=has_frame_head) if self.wish.hop_s is None else (self.wish.hop_s,)
        return ladder_of(tuple(self._settings.known), hops_s, figures)

    def _build_controller(self) -> PaceController:
        settings, known = self._ladder.settings, self._settings.known
        ready = [place for place, setting in enumerate(settings) if known[setting].is_ready]
        start = self._remembered_place() if self.wish.setting == AUTO else None
        return PaceController(self._ladder, self.wish, self._costs, clock=self._clock, ready=ready, start=start)

    def _remembered_place(self) -> Place | None:
        """The pace that was in use when this model last ran here."""
        remembered, settings, hops_s = self._last_used, self._ladder.settings, self._ladder.hops_s
        if remembered is None or remembered.setting not in settings:
            return None
        hop = min(range(len(hops_s)), key=lambda place: abs(hops_s[place] - remembered.hop_s))
        return Place(hop, settings.index(remembered.setting))

    def _stand_in(self) -> Place | None:
        """Where the first setting has to be prepared and another one has been: use that one meanwhile. The place to go
        to, then; else None."""
        place, settings = self._controller.place, self._ladder.settings
        ready = [one for one, setting in enumerate(settings) if self._settings.known[setting].is_ready]
        if not ready or place.setting in ready:
            return None
        self.setting = settings[min(ready, key=lambda one: abs(one - place.setting))]
        return place

    def _present_state(self) -> PaceState:
        state = self._controller.state()
        if self._next is None:
            return state
        place = replace(state.place, setting=self._ladder.settings.index(self.setting))
        return replace(state, place=place, reason="preparing", share=None, refused_share=None)

    # ----- while listening -----

    @property
    def tagger(self) -> Tagger:
        """The model in the setting in use."""
        return self._settings.tagger(self.setting)

    @property
    def costs_ms(self) -> dict[Setting, float]:
        """What the settings that have run take while nothing else runs."""
        return {self._ladder.settings[place]: ms for place, ms in self._costs.measured.items()}

    def heard(self, scores: TagScores) -> bool:
        """Another window of the full length was computed in the setting in use: whether setting or hop have changed."""
        self._look_after_preparing()
        if self._next is not None:
            return self._settings.prepare(self._at(self._next)[0]) != "coming" and self._use(self._next)
        self._follow_engine()
        target = self._controller.heard(scores.compute_ms, scores.latency_ms)
        was_forecast, self.state = self.state.is_forecast, self._present_state()
        if target is None:
            is_old = self._clock() - self._remembered_s > REMEMBERED_EVERY_S
            if not self.state.is_forecast and (was_forecast or is_old):
                self._remember()
            return False
        if target.setting == self._ladder.settings.index(self.setting):
            return self._use(target)
        # Its graph may have to be loaded first.
        self._next = target
        self.state = self._present_state()
        return False

    def _use(self, place: Place) -> bool:
        self.setting, self.hop_s = self._at(place)
        self._next, self._engine = None, ""
        self._settings.keep_only({self.setting, *([self._preparing] if self._preparing is not None else [])})
        self.state = self._present_state()
        _log.info("pace: %s", pace_sentence(self.state))
        self._remember()
        return True

    def _at(self, place: Place) -> tuple[Setting, float]:
        return self._ladder.settings[place.setting], self._ladder.hops_s[place.hop]

    def _follow_engine(self) -> None:
        engine = self.tagger.engine
        if self._engine and engine != self._engine:
            self._controller.set_engine_changed()
        self._engine = engine

    def _look_after_preparing(self) -> None:
        if self._clock() - self._looked_s < PREPARED_EVERY_S:
            return
        self._looked_s = self._clock()
        if self._preparing is None:
            wanted = self._controller.wanted
            self._preparing = None if wanted is None else self._ladder.settings[wanted]
        if self._preparing is None:
            return
        found = self._settings.prepare(self._preparing)
        if found == "coming":
            return
        place = self._ladder.settings.index(self._preparing)
        is_usable = found == "ready" and self._is_as_good(self._preparing)
        (self._controller.set_ready if is_usable else self._controller.set_unusable)(place)
        self._preparing = None

    def _is_as_good(self, setting: Setting) -> bool:
        """Whether a graph that has been made since answers as it should; what is chosen by hand need not."""
        if self.wish.setting != AUTO or setting in self._agreement:
            return True
        found = self._settings.look_again(setting).agreement
        if found is None or found.is_enough:
            return True
        words = "%s is left out: the same top label in %.0f %% of windows, off by %.4f"
        _log.info(words, setting.describe(), 100 * found.share, found.difference)
        return False

    def _remember(self) -> None:
        """Keep what was learnt; a pace that the user chose is none that the program would choose."""
        setting, hop_s = self.setting, self.hop_s
        if self.wish != PaceWish():
            if self._remembered is None:
                return
            setting, hop_s = self._remembered.setting, self._remembered.hop_s
        costs_ms = {**(self._remembered.costs_ms if self._remembered else {}), **self.costs_ms}
        self._remembered, self._remembered_s = Remembered(setting, hop_s, costs_ms, time.time()), self._clock()
        self._memory.remember(self._key, self._remembered)
