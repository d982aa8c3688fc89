"""What a window costs in each setting: measured where it has run, guessed from those elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_TRUSTED, _GUESSED = 1.5, 6.0
"""By how much one visit may correct what was measured before, and what was only guessed: the load may have changed at
the same moment."""


class Costs:
    """Milliseconds a window on this machine while nothing else runs, and how much slower it is at present.

    guesses: what settings are thought to cost, in any unit. measured: milliseconds of settings that are known.
    """

    def __init__(self, guesses: Sequence[float], measured: Mapping[int, float] | None = None) -> None:
        self._guesses = tuple(guesses)
        self.measured = dict(measured or {})
        """Milliseconds by setting, of those that have run, as on the quietest machine that was seen."""
        self.slowness = 1.0
        """How many times as long as in `measured` a window takes now."""

    def ms(self, setting: int) -> float | None:
        """What a window would take now; None while nothing has been measured."""
        quiet_ms = self._quiet_ms(setting)
        return None if quiet_ms is None else quiet_ms * self.slowness

    def observe(self, setting: int, compute_ms: float, *, is_first: bool) -> None:
        """A window takes so long now in this setting. is_first: it is the first figure after a change of setting, so
        what differs from the forecast says more about the setting than about the machine."""
        compute_ms = max(compute_ms, 1e-3)
        before = self._quiet_ms(setting)
        if before is None:
            self.measured[setting] = compute_ms
        elif is_first or setting not in self.measured:
            most = _TRUSTED if setting in self.measured else _GUESSED
            factor = compute_ms / (before * self.slowness)
            self.measured[setting] = before * min(max(factor, 1 / most), most)
        self.slowness = compute_ms / self.measured[setting]
        if self.slowness < 1:  # the machine was busy when the others were measured
            self.measured = {one: known_ms * self.slowness for one, known_ms in self.measured.items()}
            self.slowness = 1.0

    def forget(self, setting: int) -> None:
        """It is run by something else from now on, so that what was measured holds no more."""
        self.measured.pop(setting, None)

    def _quiet_ms(self, setting: int) -> float | None:
        if setting in self.measured:
            return self.measured[setting]
        if not self.measured:
            return None
        # The hopeful one of several: what is tried becomes known, what is not tried never does.
        return self._guesses[setting] * min(known_ms / self._guesses[one] for one, known_ms in self.measured.items())
