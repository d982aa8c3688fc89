"""The frequency scales of the picture: mel, linear and logarithmic, as positions from the bottom edge to the top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.mel_scale import hz_from_mel, mel_from_hz

LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
_LOWEST_LOG_HZ = 40.0
"""Below it a logarithmic scale would stretch a single filter over an octave."""
_OCTAVES_HZ = (250, 500, 1000, 2000, 4000, 8000)
Floats = NDArray[np.float64]


def bin_position(frequency_hz: float, bins: int) -> float:
    """The height of a frequency in a picture of `bins` rows: 0 at the bottom edge, `bins` at the top edge.

    The mel range is divided into bins + 1 equal steps. Filter *i* peaks after step i + 1 and is drawn from i to i + 1.
    """
    return float(_mel_positions(np.asarray(frequency_hz, np.float64), bins))


def bin_frequency_hz(position: float, bins: int) -> float:
    """The inverse of `bin_position`."""
    return float(_mel_frequencies(np.asarray(position, np.float64), bins))


def _mel_positions(frequency_hz: Floats, bins: int) -> Floats:
    low, high = mel_from_hz(LOWEST_HZ), mel_from_hz(HIGHEST_HZ)
    return (mel_from_hz(frequency_hz) - low) / (high - low) * (bins + 1) - 0.5


def _mel_frequencies(position: Floats, bins: int) -> Floats:
    low, high = mel_from_hz(LOWEST_HZ), mel_from_hz(HIGHEST_HZ)
    return hz_from_mel(low + (position + 0.5) / (bins + 1) * (high - low))


def _log_positions(frequency_hz: Floats, bins: int) -> Floats:
    octaves = np.log2(np.maximum(frequency_hz, 1.0) / _LOWEST_LOG_HZ)
    return bins * octaves / np.log2(HIGHEST_HZ / _LOWEST_LOG_HZ)


def _log_frequencies(position: Floats, bins: int) -> Floats:
    return _LOWEST_LOG_HZ * (HIGHEST_HZ / _LOWEST_LOG_HZ) ** (position / bins)


@dataclass(frozen=True, slots=True)
class FrequencyScale:
    """Maps frequencies in Hz to positions in a picture of `bins` rows, 0 at the bottom edge, and back."""

    positions: Callable[[Floats, int], Floats]
    """Hz to positions."""
    frequencies: Callable[[Floats, int], Floats]
    """The inverse."""
    ticks_hz: tuple[int, ...]
    """The frequencies to label first, rising."""

    def position(self, frequency_hz: float, bins: int = 128) -> float:
        """The height of one frequency."""
        return float(self.positions(np.asarray(frequency_hz, np.float64), bins))

    def frequency_hz(self, position: float, bins: int = 128) -> float:
        """The frequency at one height."""
        return float(self.frequencies(np.asarray(position, np.float64), bins))

    def mel_rows(self, positions: Floats, bins: int) -> Floats:
        """Where in the rows of a log-mel picture the positions are, any shape."""
        return _mel_positions(self.frequencies(positions, bins), bins)


SCALES = {
    "mel": FrequencyScale(_mel_positions, _mel_frequencies, _OCTAVES_HZ),
    "linear": FrequencyScale(
        lambda hz, bins: bins * hz / HIGHEST_HZ, lambda at, bins: at * HIGHEST_HZ / bins, tuple(range(1000, 8001, 1000))
    ),
    "log": FrequencyScale(_log_positions, _log_frequencies, (63, 125, *_OCTAVES_HZ)),
}
"""By the name in the settings; see `FREQUENCY_SCALES` there."""
