"""What an engine is, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Reading = Literal["clip", "columns"]
"""What is read of a window: one answer for all of it, or one for each column of patches."""
EngineName = Literal["auto", "torch", "openvino"]


@dataclass(frozen=True, slots=True)
class Shape:
    """An input that comes again and again: a graph is made for one of these and no other."""

    reading: Reading
    n_frames: int


class Engine(Protocol):
    """A network with its merge schedule, ready to run. Any number of threads may share one."""

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits, float32, of normalised log-mel `(1, frames, mels)`: `(1, labels)` for a clip, `(1, columns, labels)`
        for columns."""
        ...

    def describe(self) -> str:
        """The engine and its precision, for people."""
        ...
