"""Apple's graphics processors, through Metal. Nobody has run this on one yet: see docs/performance.md."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Hashable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ONE_AT_A_TIME = threading.Lock()
"""PyTorch has one queue of Metal's commands for all threads."""


class MpsBackend:
    """Runs passes, one at a time. place: of the inputs."""

    at_once = 8
    """Memory is the computer's own: a larger batch takes it from other programs before anything fails."""

    def __init__(self, place: str = "mps") -> None:
        self._place = place

    @property
    def name(self) -> str:
        """See `Backend`."""
        return f"{platform.machine()}, macOS {platform.mac_ver()[0]}"

    def run(
        self, key: Hashable, forward: Callable[[Tensor], Tensor], log_mel: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See `Backend`."""
        del key
        with _ONE_AT_A_TIME:
            return forward(torch.as_tensor(log_mel).to(self._place)).cpu().numpy()

    def free(self) -> None:
        """See `Backend`."""
        torch.mps.empty_cache()
