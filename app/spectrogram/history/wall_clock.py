"""The time of day of each moment of the live sound, also across sleep, pauses and a clock that somebody sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_PACE = 0.01
"""How much of the difference between the two clocks one note takes over: updates arrive unevenly."""
_STEP_S = 1.0
"""The clocks of sound card and computer drift apart slowly; a larger difference is a step."""
_ANCHOR_EVERY_S = 60.0


class WallClock:
    """Maps stream seconds to seconds since 1970 by moments at which both were known; between these it interpolates."""

    def __init__(self) -> None:
        self._anchors: list[tuple[float, float]] = []
        self._epoch_s = 0.0
        self._known_until_s = 0.0

    def note(self, start_s: float, stop_s: float, wall_s: float) -> None:
        """Sound from start_s to stop_s of the stream has just come, at `wall_s` since 1970."""
        epoch_s = wall_s - stop_s
        if not self._anchors:
            self._begin(start_s, epoch_s)
        elif abs(epoch_s - self._epoch_s) > _STEP_S or start_s - self._known_until_s > _STEP_S:
            # What came before keeps its time of day.
            self._anchors.append((self._known_until_s, self._known_until_s + self._epoch_s))
            self._begin(start_s, epoch_s)
        else:
            self._epoch_s += _PACE * (epoch_s - self._epoch_s)
            if stop_s - self._anchors[-1][0] > _ANCHOR_EVERY_S:
                self._anchors.append((stop_s, stop_s + self._epoch_s))
        self._known_until_s = stop_s

    def forget_before(self, stream_s: float) -> None:
        """Forget what only earlier moments need."""
        while len(self._anchors) > 2 and self._anchors[1][0] <= stream_s:
            self._anchors.pop(0)

    def at(self, stream_s: float) -> float:
        """A moment of the stream in seconds since 1970; 0 is the start of the stream before anything is known."""
        return float(self.of(np.array([stream_s]))[0])

    def of(self, stream_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Moments of the stream `(n,)` in seconds since 1970, `(n,)`."""
        if not self._anchors:
            return stream_s
        streams, walls = np.array(self._anchors).T
        return np.where(
            stream_s >= streams[-1],
            stream_s + self._epoch_s,
            np.where(stream_s <= streams[0], stream_s + walls[0] - streams[0], np.interp(stream_s, streams, walls)),
        )

    def _begin(self, start_s: float, epoch_s: float) -> None:
        self._epoch_s = epoch_s
        self._anchors.append((start_s, start_s + epoch_s))


def round_moments(
    left_s: float, right_s: float, step_s: float, clock: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[float]:
    """The moments of the stream between left_s and right_s at which the clock shows a multiple of `step_s` seconds.

    None where somebody has set the clock: between two points of a step lie hours, or years, that never passed.
    """
    streams = np.linspace(left_s, right_s, 257)
    walls = clock(streams)
    passed = np.diff(walls)
    is_plain = (passed > 0) & (passed < 2 * np.diff(streams) + _STEP_S)
    found: list[float] = []
    for place in np.flatnonzero(is_plain & (np.diff(np.floor(walls / step_s)) > 0)).tolist():
        ends = slice(place, place + 2)
        first, last = np.floor(walls[ends] / step_s)
        found += np.interp(np.arange(first + 1, last + 1) * step_s, walls[ends], streams[ends]).tolist()
    return found
