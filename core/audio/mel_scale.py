"""Converts between Hz and mel by the HTK formula, as the models' filter banks do. Imports no torch."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@overload
def mel_from_hz(frequency_hz: float) -> float: ...
@overload
def mel_from_hz(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]: ...
def mel_from_hz(frequency_hz: Any) -> Any:
    """The mel value of a frequency: 1127 ln(1 + f / 700)."""
    return 1127 * np.log1p(frequency_hz / 700)


@overload
def hz_from_mel(mel: float) -> float: ...
@overload
def hz_from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]: ...
def hz_from_mel(mel: Any) -> Any:
    """The inverse of `mel_from_hz`."""
    return 700 * np.expm1(mel / 1127)
