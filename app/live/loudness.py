"""Tells sound from quiet by the level, whatever the model makes of it."""

from __future__ import annotations

LOUD_DBFS, FLOOR_DBFS = -40.0, -60.0
"""From this mean level on it is not quiet; levels below the floor count as the floor."""
_SHARE = 0.03
"""How much of the mean each of thirty levels a second is: it follows in about a second, so that most sounds have a name
before it is loud."""


class Loudness:
    """Follows the levels of the live sound."""

    def __init__(self) -> None:
        self._mean_dbfs = FLOOR_DBFS

    def hear(self, rms_dbfs: float) -> None:
        """Take the newest level."""
        self._mean_dbfs += _SHARE * (max(rms_dbfs, FLOOR_DBFS) - self._mean_dbfs)

    @property
    def is_loud(self) -> bool:
        """There has been sound for about a second."""
        return self._mean_dbfs >= LOUD_DBFS
