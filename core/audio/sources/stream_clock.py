"""Places a device's blocks on a clock that does not drift: lost samples become a gap.

A block's lateness is the time it arrived minus the time its last sample was due, by counting samples. Scheduling can
only make a block later, so the smallest lateness of the last seconds is the device's own, the time from the sound to
the callback. That is constant: if it has grown, samples were lost without notice, and as many are skipped.
"""

from __future__ import annotations

_WINDOW_S = 3.0
# Within one window a device's crystal drifts by less than a millisecond, so growth by this much is a loss.
_UNREPORTED_LOSS_S = 0.1
# No driver holds sound back for so long: the computer was asleep, and what arrives now is new.
_ASLEEP_S = 30.0


class StreamClock:
    """Counts samples at `sample_rate`; `next_sample` is the start of the next block if nothing is lost."""

    def __init__(self, sample_rate: int) -> None:
        self.next_sample = 0
        self._sample_rate = sample_rate
        # The device's own lateness. Every break is repaired to this same value, so that small errors do not add up.
        self._usual_s: float | None = None
        self._least_s = 0.0
        self._least_before_s: float | None = None
        self._is_young = True
        self._window_end_s = 0.0

    def place(self, n_samples: int, arrived_s: float, lost: int = 0, is_torn: bool = False) -> int:
        """The start sample of a block of `n_samples` that arrived at `arrived_s` of a clock that nobody sets and that
        runs on while the computer sleeps.

        lost: samples known to be missing before it. is_torn: an unknown number is missing before it (the device
        overflowed or was reopened), to be estimated from the clock.
        """
        self.next_sample += lost
        late_s = arrived_s - (self.next_sample + n_samples) / self._sample_rate
        if self._usual_s is None:
            self._usual_s = self._least_s = late_s
            self._window_end_s = arrived_s + _WINDOW_S
        elif is_torn or late_s - self._usual_s > _ASLEEP_S:
            # Whatever it is later than usual is taken as lost; the window of observation starts again.
            self._least_s = late_s - self._skip(late_s - self._usual_s)
            self._least_before_s = None
            self._window_end_s = arrived_s + _WINDOW_S
        else:
            self._least_s = min(self._least_s, late_s)
            self._watch(late_s, arrived_s)
        start = self.next_sample
        self.next_sample += n_samples
        return start

    def _watch(self, late_s: float, arrived_s: float) -> None:
        """At the end of a window, compare its smallest lateness with the previous one's: a little growth is drift of
        the two clocks, which the usual lateness follows; much growth is loss, which is skipped."""
        assert self._usual_s is not None
        if self._is_young:  # the first window only learns what is usual
            self._usual_s = min(self._usual_s, late_s)
        if arrived_s < self._window_end_s:
            return
        grown_s = 0.0 if self._least_before_s is None else self._least_s - self._least_before_s
        skipped_s = self._skip(grown_s) if grown_s > _UNREPORTED_LOSS_S else 0.0
        self._usual_s += 0.0 if skipped_s else grown_s
        self._least_before_s = self._least_s - skipped_s
        self._least_s = late_s - skipped_s
        self._is_young = False
        self._window_end_s = arrived_s + _WINDOW_S

    def _skip(self, seconds: float) -> float:
        """Leave out whole samples; returns the seconds they last."""
        n_samples = max(0, round(seconds * self._sample_rate))
        self.next_sample += n_samples
        return n_samples / self._sample_rate
