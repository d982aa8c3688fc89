"""Where a frequency stands among the 128 mel bins, and back. Knows no sound and no Qt."""

from __future__ import annotations

import math

LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000)
FINER_TICKS_HZ = (range(1000, 8001, 1000), range(500, 8001, 500), range(100, 8001, 100), range(50, 1001, 50))
"""What else can be named where few rows are in view, the roundest first."""


def mel(frequency_hz: float) -> float:
    """Hz to mel, the HTK formula that the model's filter bank uses."""
    return 1127.0 * math.log(1.0 + frequency_hz / 700.0)


def bin_position(frequency_hz: float, bins: int) -> float:
    """Height of a frequency in a picture of `bins` rows: 0 at the bottom edge, `bins` at the top edge.

    Filter *i* peaks at (i + 1) of bins + 1 equal steps between the two ends, and is drawn from i to i + 1.
    """
    low, high = mel(LOWEST_HZ), mel(HIGHEST_HZ)
    return (mel(frequency_hz) - low) / (high - low) * (bins + 1) - 0.5


def bin_frequency_hz(position: float, bins: int) -> float:
    """The inverse of `bin_position`."""
    low, high = mel(LOWEST_HZ), mel(HIGHEST_HZ)
    return 700.0 * (math.exp((low + (position + 0.5) / (bins + 1) * (high - low)) / 1127.0) - 1.0)
