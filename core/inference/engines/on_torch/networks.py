"""A network on a device, in each precision, for all engines of a model."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.inference.engines.device import Device
from core.inference.engines.models import Precision, Reading
from core.inference.engines.on_torch.backends import BACKENDS, Backend
from core.inference.engines.on_torch.low_precision import in_low_precision
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer


@dataclass(frozen=True, slots=True)
class Pass:
    """What a network is asked."""

    reading: Reading
    merge: MergeSchedule
    precision: Precision


class PlacedNetwork:
    """A network where it runs. network: in evaluation mode, on `device`; it is shared, not copied. backend: None for
    the device's own."""

    def __init__(self, network: Network, device: Device, backend: Backend | None = None) -> None:
        self.device: Device = device
        self.backend = BACKENDS[device]() if backend is None else backend
        self.exact = network
        self._low: dict[Precision, nn.Module] = {}
        self._for_cpu: PlacedNetwork | None = None
        self._lock = threading.Lock()

    def answer(self, asked: Pass, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of `(windows, frames, mels)`. Raises what PyTorch raises."""
        network = self._in(asked.precision)
        with torch.inference_mode():
            return self.backend.run((asked, log_mel.shape), partial(_forward, network, asked), log_mel)

    def on_cpu(self) -> PlacedNetwork:
        """The same network on the processor."""
        if self.device == "cpu":
            return self
        with self._lock:
            self._for_cpu = self._for_cpu or PlacedNetwork(_copied_to_cpu(self.exact), "cpu")
            return self._for_cpu

    def _in(self, precision: Precision) -> nn.Module:
        if precision == "fp32":
            return self.exact
        with self._lock:
            if precision not in self._low:
                self._low[precision] = in_low_precision(self.exact, precision)
            return self._low[precision]


def _forward(network: nn.Module, asked: Pass, windows: Tensor) -> Tensor:
    if asked.reading == "clip":
        return network(windows, merge=asked.merge)
    assert isinstance(network, AudioSpectrogramTransformer), "no other network has a frame head"
    return network.frame_logits(windows, merge=asked.merge)


def _copied_to_cpu(network: Network) -> Network:
    # Weights are copied where there is room for them, not on the device first.
    copies: dict[int, Any] = {id(one): one.detach().cpu() for one in network.buffers()}
    for one in network.parameters():
        copies[id(one)] = nn.Parameter(one.detach().cpu(), requires_grad=False)
    return copy.deepcopy(network, copies)
