"""The newest windows' times, read so that a short stall is no overload."""

from __future__ import annotations

import math
from collections import deque
from statistics import fmean, median

JUDGED_S, KEPT_S = 10.0, 30.0
"""How much of the past counts, and how much says that bursts come again and again."""
LEAST_WINDOWS = 6
"""Fewer say nothing."""
_SETTLING = 2
"""Windows after a change that do not count: graphs and caches are cold."""
_STALLED_SHARE = 0.2
"""So many of the longest times are left out: one stall is none of the model's doing."""
_BURSTS_S, _BURSTS_COUNT = 0.9 * KEPT_S, 0.75
"""From this much of the past on, the mean of all times counts by so much: a stall of 3 s in it adds a tenth of the time
and is no overload, bursts without end are."""


class Recent:
    """Times of windows since the last change of pace."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, float, float]] = deque()
        self._n_settling = _SETTLING
        self._least_wait_ms = math.inf

    def clear(self) -> None:
        """Begin anew: what came before was another pace."""
        self._times.clear()
        self._n_settling = _SETTLING

    def add(self, now_s: float, compute_ms: float, lag_ms: float) -> None:
        """Another window. lag_ms: from its last sample to its scores."""
        if self._n_settling:
            self._n_settling -= 1
            return
        wait_ms = max(0.0, lag_ms - compute_ms)
        # What an input is always late by, such as a wireless microphone, no pace can change.
        self._least_wait_ms = min(self._least_wait_ms, wait_ms)
        self._times.append((now_s, compute_ms, wait_ms))
        while len(self._times) > LEAST_WINDOWS and now_s - self._times[0][0] > KEPT_S:
            self._times.popleft()

    @property
    def is_enough(self) -> bool:
        """Whether they can be judged: six windows that span ten seconds, or what six windows take if that is longer."""
        return len(self._times) >= LEAST_WINDOWS and self._times[-1][0] - self._times[0][0] >= JUDGED_S

    def compute_ms(self) -> float:
        """What a window takes now: the mean without the longest times, or, where long times come again and again, the
        mean of all."""
        times = self._judged()
        n_kept = len(times) - math.ceil(_STALLED_SHARE * len(times))
        kept = fmean(sorted(compute_ms for _, compute_ms, _ in times)[:n_kept])
        if self._times[-1][0] - self._times[0][0] < _BURSTS_S:
            return kept
        return max(kept, _BURSTS_COUNT * fmean(compute_ms for _, compute_ms, _ in self._times))

    def late_ms(self) -> float:
        """How long windows wait to be computed, more than they have to."""
        return median(wait_ms for _, _, wait_ms in self._judged()) - self._least_wait_ms

    def _judged(self) -> list[tuple[float, float, float]]:
        newest_s = self._times[-1][0]
        judged = [one for one in self._times if newest_s - one[0] <= JUDGED_S]
        return judged if len(judged) >= LEAST_WINDOWS else list(self._times)[-LEAST_WINDOWS:]
