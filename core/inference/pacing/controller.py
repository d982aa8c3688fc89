"""Decides how fast a live model runs, from what each window took.

Pure: it has no threads and reads no clock but the one it is given. It is told of each window and answers with another
place, at most once a minute. Windows that come while the model is busy are skipped by whoever calls it, so that sound
never waits for a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from core.inference.pacing.costs import Costs
from core.inference.pacing.models import Ladder, PaceState, PaceWish, Place, Reason
from core.inference.pacing.recent import Recent

MOST_SHARE = 0.70
"""Inference is to use at most this much of the time that there is."""
COMFORT_SHARE = 0.55
"""A finer pace is to be forecast to use at most this much, so that it need not be left again soon."""
DOUBTS = ((COMFORT_SHARE, 1), (MOST_SHARE, 8), (1.5, 30))
"""Forecasts of other settings may be wrong, so a finer pace is tried even where it is forecast to use up to so much of
the time: after a calm that is so many times as long."""
LEAST_S = 60.0
"""From one change to the next."""
OVERLOADED_S = 8.0
"""How long an overload that comes later must last before it counts: only then is it known how heavy it is."""
UNTRIED_SHARE = 2.0
"""A setting that has never run is tried before hops get longer, if it is guessed to use at most this much."""
CALM_S = 120.0
"""How long a finer pace must have been possible before it is taken; doubled each time that it did not last."""
LONGEST_CALM_S = 4 * 3600.0
JUDGED_EVERY_S = 1.0
_LASTED_S = 600.0
"""A pace that lasted this long is not blamed for being left."""
_LATE_S = 1.0
"""Windows that wait longer than this, and than two hops, are late whatever the model's own time."""
_WORTH = 0.9
"""Another place must be forecast to use less than this much of what the present one does."""


@dataclass(frozen=True, slots=True)
class _Calm:
    """Since when a finer place has been possible, and how many times the usual calm it needs."""

    since_s: float
    n_times: int


class PaceController:
    """One model's pace.

    ready: the settings that may be chosen by itself, others have to be prepared first; None for all. start: where to
    begin; None for the finest place of `wish` that is ready. clock: seconds, never going back.
    """

    def __init__(
        self,
        ladder: Ladder,
        wish: PaceWish,
        costs: Costs,
        *,
        clock: Callable[[], float],
        ready: Collection[int] | None = None,
        start: Place | None = None,
    ) -> None:
        self._ladder, self._wish, self._costs, self._clock = ladder, wish, costs, clock
        self._ready = set(range(len(ladder.settings)) if ready is None else ready)
        self._places = ladder.places(wish.setting_of(len(ladder.settings)))
        self.place = start if start in self._places else self._first()
        """What is to be used."""
        self._ready.add(self.place.setting)
        self._unusable: set[int] = set()
        self._recent = Recent()
        self._judged_s = -JUDGED_EVERY_S
        self._changed_s: float | None = None
        self._is_first_figure = False
        self._fine_s: float | None = None
        """When the model was last seen not to be overloaded, in this place."""
        self._share: float | None = None
        self._is_behind = False
        self._calms: dict[Place, _Calm] = {}
        self._patience_s: dict[Place, float] = {}
        self._climbed = False
        self._is_hurried = False

    # ----- what happens -----

    def heard(self, compute_ms: float, lag_ms: float) -> Place | None:
        """Another window has been computed: another place to use from now on, or None.

        lag_ms: from the window's last sample to its scores.
        """
        now_s = self._clock()
        self._recent.add(now_s, compute_ms, lag_ms)
        if not self._recent.is_enough or now_s - self._judged_s < JUDGED_EVERY_S:
            return None
        self._judged_s = now_s
        return self._judge(now_s)

    def _judge(self, now_s: float) -> Place | None:
        present_ms = self._recent.compute_ms()
        self._costs.observe(self.place.setting, present_ms, is_first=self._is_first_figure)
        self._is_first_figure = False
        self._share = present_ms / 1000 / self._hop_s(self.place)
        is_overloaded = self._is_overloaded()
        self._fine_s = self._fine_s if is_overloaded else now_s
        relief = self._relief() if is_overloaded else None
        self._is_behind = self._share > 1.0 and relief is None
        self._follow_calms(now_s)
        target = relief or self._finer(now_s)
        if target is None or self._is_too_soon(now_s, is_overloaded=is_overloaded):
            return None
        self._change(target, now_s)
        return target

    def _is_too_soon(self, now_s: float, *, is_overloaded: bool) -> bool:
        if self._changed_s is not None and now_s - self._changed_s < LEAST_S:
            return True
        return is_overloaded and self._fine_s is not None and now_s - self._fine_s < OVERLOADED_S

    def set_ready(self, setting: int) -> None:
        """A setting has been prepared: it may be chosen."""
        self._ready.add(setting)

    def set_unusable(self, setting: int) -> None:
        """A setting cannot be prepared: it is not asked for again. The one in use stays in use."""
        self._unusable.add(setting)
        if setting != self.place.setting:
            self._ready.discard(setting)

    def set_engine_changed(self) -> None:
        """The setting in use is run by something else from now on, such as a graph in place of PyTorch: what it took
        says nothing any more. If it leaves room now, a finer pace follows without a long calm."""
        self._costs.forget(self.place.setting)
        self._recent.clear()
        self._calms.clear()
        self._is_first_figure, self._share, self._is_behind = True, None, False
        self._fine_s, self._is_hurried = None, True

    # ----- what is known -----

    @property
    def wanted(self) -> int | None:
        """A setting that would be chosen if it were ready: worth preparing."""
        if self._share is None:
            return None
        places = [place for place in self._places if place.setting not in self._unusable]
        fits = [place for place in places if self._share_at(place) <= COMFORT_SHARE]
        best = min(fits) if fits else min(places, key=self._order_of_cost, default=self.place)
        is_better = self._is_overloaded() or best < self.place
        return best.setting if is_better and best.setting not in self._ready else None

    def state(self) -> PaceState:
        """The pace in use, and how it does."""
        reason, refused = self._reason()
        return PaceState(
            ladder=self._ladder,
            place=self.place,
            wish=self._wish,
            reason=reason,
            share=self._forecast(self.place) if self._share is None else self._share,
            is_forecast=self._share is None,
            refused_share=None if refused is None else self._forecast(refused),
            is_behind=self._is_behind,
        )

    def _reason(self) -> tuple[Reason, Place | None]:
        """Why this place, and the one that was refused for it."""
        if self.wanted is not None:
            return "preparing", None
        reason, refused = self._refused()
        share = None if refused is None else self._forecast(refused)
        return ("waiting", refused) if share is not None and share <= COMFORT_SHARE else (reason, refused)

    def _refused(self) -> tuple[Reason, Place | None]:
        places = [place for place in self._places if place.setting in self._ready]
        if self.place.hop > 0:
            shorter = [place for place in places if place.hop == self.place.hop - 1]
            return "hops too short", min(shorter, key=lambda one: (self._forecast(one) or 0.0, one))
        if self._wish.setting_of(len(self._ladder.settings)) is not None:
            return "chosen", None
        finer = [place for place in places if place < self.place]
        return ("finer too slow", finer[-1]) if finer else ("finest", None)

    # ----- deciding -----

    def _first(self) -> Place:
        """Where to begin: the finest place that is known to fit, else the finest that is ready."""
        ready = [place for place in self._places if place.setting in self._ready] or list(self._places)
        fits = (place for place in ready if self._costs.ms(place.setting) is not None and self._is_fit(place))
        return next(fits, ready[0])

    def _is_fit(self, place: Place) -> bool:
        return self._share_at(place) <= MOST_SHARE

    def _is_overloaded(self) -> bool:
        late_s = self._recent.late_ms() / 1000
        is_late = late_s > max(_LATE_S, 2 * self._hop_s(self.place))
        return is_late or (self._share is not None and self._share > MOST_SHARE)

    def _relief(self) -> Place | None:
        """Where an overloaded model goes: the first place that fits, or the one that comes closest."""
        most = _WORTH * self._share_at(self.place)
        others = [one for one in self._candidates() if self._share_at(one) < most and not self._is_daring(one)]
        fits = next((place for place in others if self._is_fit(place)), None)
        untried = [place for place in others if place.hop == self.place.hop and self._is_worth_trying(place)]
        if untried and (fits is None or fits.hop > self.place.hop):
            return min(untried, key=self._order_of_cost)
        return fits or min(others, key=self._order_of_cost, default=None)

    def _is_daring(self, place: Place) -> bool:
        """Whether it is a finer setting of which only a guess says that it is faster."""
        return place.setting < self.place.setting and place.setting not in self._costs.measured

    def _is_worth_trying(self, place: Place) -> bool:
        return place.setting not in self._costs.measured and self._share_at(place) <= UNTRIED_SHARE

    def _follow_calms(self, now_s: float) -> None:
        """Remember since when each finer place has been possible."""
        is_overloaded = self._is_overloaded()
        for place in self._candidates():
            n_times = None if is_overloaded or place > self.place else self._calms_needed(place)
            before = self._calms.get(place)
            if n_times is None:
                self._calms.pop(place, None)
            elif before is None or n_times < before.n_times:
                self._calms[place] = _Calm(now_s, n_times)
            else:
                self._calms[place] = _Calm(before.since_s, n_times)

    def _calms_needed(self, place: Place) -> int | None:
        """How many times the usual calm must have lasted before a finer place is taken; None for never."""
        share = self._share_at(place)
        # What the setting in use takes is known, whatever the hop.
        doubts = DOUBTS[:1] if place.setting == self.place.setting else DOUBTS
        return next((n_times for limit, n_times in doubts if share <= limit), None)

    def _finer(self, now_s: float) -> Place | None:
        """The finest place that has been possible for long enough."""
        possible = (place for place, calm in sorted(self._calms.items()) if self._is_long_enough(place, calm, now_s))
        return next(possible, None)

    def _is_long_enough(self, place: Place, calm: _Calm, now_s: float) -> bool:
        if self._is_hurried and calm.n_times == 1:
            return True
        needed_s = calm.n_times * self._patience_s.get(place, CALM_S)
        return now_s - calm.since_s >= min(needed_s, LONGEST_CALM_S)

    def _change(self, target: Place, now_s: float) -> None:
        lasted_s = None if self._changed_s is None else now_s - self._changed_s
        if target > self.place and self._climbed and lasted_s is not None and lasted_s < _LASTED_S:
            patience_s = 2 * self._patience_s.get(self.place, CALM_S)
            self._patience_s[self.place] = min(patience_s, LONGEST_CALM_S)
        elif target > self.place:
            self._patience_s.pop(self.place, None)
        self._climbed = target < self.place
        self._is_first_figure = target.setting != self.place.setting
        self.place, self._changed_s = target, now_s
        self._recent.clear()
        self._calms.clear()
        self._fine_s = self._share = None
        self._is_behind = self._is_hurried = False

    # ----- figures -----

    def _candidates(self) -> list[Place]:
        """The other places that may be chosen, in order."""
        return [place for place in self._places if place.setting in self._ready and place != self.place]

    def _hop_s(self, place: Place) -> float:
        return self._ladder.hops_s[place.hop]

    def _share_at(self, place: Place) -> float:
        """How much of the time there is a place would use now."""
        setting_ms = self._costs.ms(place.setting)
        assert setting_ms is not None, "asked before anything was measured"
        return setting_ms / 1000 / self._hop_s(place)

    def _forecast(self, place: Place) -> float | None:
        """As `_share_at`; None before anything was measured."""
        return None if self._costs.ms(place.setting) is None else self._share_at(place)

    def _order_of_cost(self, place: Place) -> tuple[float, Place]:
        return self._share_at(place), place
