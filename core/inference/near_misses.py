"""Finds what almost became an event while listening, and why it did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inference.events import EventRules
from core.inference.results import EventChange, TagScores

NEAR_SHARE = 0.7
"""From this share of the probability that an event must reach, a stretch without one is a near miss."""
TOO_SHORT, MUTED = "too short", "muted"
_CLOSE_S = 1e-6


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A stretch of one label that almost was an event."""

    label: int
    """Its place among the model's labels."""
    onset_s: float
    """Where the probability rose above what an event needs to last, seconds since the stream began."""
    offset_s: float
    """Where it fell below that again."""
    peak: float
    """The highest probability in between."""
    why: str
    """`0.31 < 0.40`, TOO_SHORT or MUTED."""


class NearMisses:
    """Follows the live scores of one model, row by row, beside its events.

    A stretch is what an event would be: from where a label's probability reaches `lasts_from` to where it falls below
    it for longer than events are joined over, or where the sound has a gap. It is a near miss if it came to NEAR_SHARE
    of `starts_from`, and no event of the label was open at any moment of it. muted: labels whose events are wanted by
    nobody; each of their stretches that would have been an event is a near miss, too.
    """

    def __init__(self, rules: EventRules, muted: frozenset[int] = frozenset()) -> None:
        n_labels = len(rules.starts_from)
        self._rules = rules
        self._is_muted = np.isin(np.arange(n_labels), list(muted))
        self._onsets_s = np.full(n_labels, np.nan)
        self._stops_s = np.zeros(n_labels)
        self._peaks = np.zeros(n_labels, np.float32)
        self._has_event = np.zeros(n_labels, bool)
        """Of the stretches that last: an event was open in it."""
        self._is_open = np.zeros(n_labels, bool)
        self._heard_s = 0.0

    def mute(self, labels: frozenset[int]) -> None:
        """Have other labels muted from now on."""
        self._is_muted = np.isin(np.arange(len(self._is_muted)), list(labels))

    def push(self, scores: Sequence[TagScores], changes: Sequence[EventChange]) -> list[NearMiss]:
        """The near misses that are over with these windows. Windows come in order; changes with the windows that they
        follow from, or before."""
        found: list[NearMiss] = []
        for change in changes:
            found += self._end_before(change)
            self._is_open[change.label] = change.offset_s is None
            # Also an event that begins and ends within these windows is one.
            self._has_event[change.label] = True
        for window in scores:
            found += self._push_row(window.probabilities, window.start_s, window.end_s)
        self._has_event &= self._lasts | self._is_open
        return found

    def finish(self) -> list[NearMiss]:
        """The near misses that the end of the sound, or of the model, cuts off; forgets everything."""
        found = self._end(self._lasts)
        self._is_open[:] = self._has_event[:] = False
        self._heard_s = 0.0
        return found

    @property
    def _lasts(self) -> NDArray[np.bool_]:
        return ~np.isnan(self._onsets_s)

    def _push_row(self, row: NDArray[np.float32], start_s: float, stop_s: float) -> list[NearMiss]:
        has_gap = start_s > self._heard_s + _CLOSE_S
        start_s = start_s if has_gap else self._heard_s
        before_gap = self._end(self._lasts) if has_gap else []
        is_high = row >= self._rules.lasts_from
        ended = self._end(self._lasts & ~is_high & (stop_s - self._stops_s > self._rules.joined_s + _CLOSE_S))
        begun = is_high & ~self._lasts
        self._onsets_s[begun], self._peaks[begun] = start_s, 0.0
        self._stops_s[is_high] = stop_s
        self._peaks[is_high] = np.maximum(self._peaks[is_high], row[is_high])
        self._has_event |= self._is_open
        self._heard_s = stop_s
        return before_gap + ended

    def _end_before(self, change: EventChange) -> list[NearMiss]:
        """The stretch of its label, if the event of a change began after it: it is another one."""
        over = np.zeros(len(self._is_open), bool)
        apart_s = change.onset_s - self._stops_s[change.label]
        over[change.label] = self._lasts[change.label] and apart_s > self._rules.joined_s + _CLOSE_S
        return self._end(over)

    def _end(self, over: NDArray[np.bool_]) -> list[NearMiss]:
        is_near = over & ~self._has_event & (self._peaks >= np.float32(NEAR_SHARE) * self._rules.starts_from)
        found = [miss for label in np.flatnonzero(is_near) if (miss := self._miss(int(label))) is not None]
        self._onsets_s[over], self._peaks[over] = np.nan, 0.0
        self._has_event[over] = self._is_open[over]
        return found

    def _miss(self, label: int) -> NearMiss | None:
        peak, needed = float(self._peaks[label]), float(self._rules.starts_from[label])
        onset_s, offset_s = float(self._onsets_s[label]), float(self._stops_s[label])
        if self._peaks[label] < self._rules.starts_from[label]:
            why = below(peak, needed)
        elif self._is_muted[label]:
            why = MUTED
        elif offset_s - onset_s < self._rules.shortest_s - _CLOSE_S:
            why = TOO_SHORT
        else:
            return None  # the tracker had not seen all of it: what it says of its own rows counts
        return NearMiss(label, round(onset_s, 3), round(offset_s, 3), peak, why)


def below(peak: float, needed: float) -> str:
    """`0.31 < 0.40`, with as many digits as it takes to tell them apart."""
    for digits in range(2, 8):
        left, right = f"{peak:.{digits}f}", f"{needed:.{digits}f}"
        if left != right:
            return f"{left} < {right}"
    return f"{peak!r} < {needed!r}"
