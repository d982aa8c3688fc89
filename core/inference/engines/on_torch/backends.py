"""How a network is run on each kind of device: one table. What a device needs is in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference.engines.device import Device
from core.inference.engines.graph_files import processor
from core.inference.engines.on_torch.cuda import CudaBackend
from core.inference.engines.on_torch.mps import MpsBackend

Forward = Callable[[Tensor], Tensor]
"""From log-mel `(windows, frames, mels)` on the device to logits there, float32."""


class Backend(Protocol):
    """Runs a network's forward pass on a device, for any number of threads."""

    @property
    def at_once(self) -> int:
        """How many windows of one length make it as fast as it can be."""
        ...

    @property
    def name(self) -> str:
        """The device's own name, and what else decides what it computes."""
        ...

    def run(self, key: Hashable, forward: Forward, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """What `forward` answers to `log_mel`. key: equal for passes of equal shapes and operations. Raises what
        PyTorch raises."""
        ...

    def free(self) -> None:
        """Give back the device's memory that can be had again."""
        ...


class CpuBackend:
    """The processor. It is no faster with several windows, and keeps nothing."""

    at_once = 1

    @property
    def name(self) -> str:
        """See `Backend`."""
        return processor()

    def run(self, key: Hashable, forward: Forward, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Backend`."""
        del key
        return forward(torch.as_tensor(log_mel)).numpy()

    def free(self) -> None:
        """See `Backend`."""


BACKENDS: dict[Device, Callable[[], Backend]] = {"cpu": CpuBackend, "cuda": CudaBackend, "mps": MpsBackend}


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had no memory. Not every part of PyTorch has an exception of its own for that."""
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in said or "alloc_failed" in said
