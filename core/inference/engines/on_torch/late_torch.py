"""PyTorch as an engine that is built, and imported, when it is first asked.

Importing it takes seconds and hundreds of megabytes; where there are graphs for all that comes, that never happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.inference.engines.device import Device
from core.inference.engines.models import Engine, Precision, Reading
from core.inference.engines.notices import NOTICES

if TYPE_CHECKING:
    from core.inference.engines.on_torch.networks import PlacedNetwork
    from core.model.checkpoints.checkpoint import Checkpoint
    from core.model.merging.schedule import MergeSchedule
    from core.model.store.stored_model import StoredModel

Value = TypeVar("Value")


class Late(Generic[Value]):
    """A value that is made when it is first asked for, once; threads that ask meanwhile wait for it. What making it
    raises is raised to whoever asks, and the next one tries again."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make: Callable[[], Value] | None = make
        self._made: list[Value] = []
        self._lock = threading.Lock()

    @property
    def is_made(self) -> bool:
        """Whether the value is there."""
        return bool(self._made)

    def get(self) -> Value:
        """The value."""
        with self._lock:
            if self._make is not None:
                self._made.append(self._make())
                self._make = None  # with all that it refers to
            return self._made[0]


class LateTorch:
    """See `TorchEngine`. build: gives it. precision: of its answers, for people."""

    def __init__(self, build: Callable[[], Engine], device: Device, precision: Precision) -> None:
        self._engine = Late(build)
        self._device, self._precision = device, precision

    @property
    def is_loaded(self) -> bool:
        """Whether it has been built: asking it then costs what the network costs."""
        return self._engine.is_made

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._engine.get().run(reading, log_mel)

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `Engine`."""
        return self._engine.get().run_many(reading, log_mels) if log_mels else []

    @property
    def at_once(self) -> int:
        """See `Engine`."""
        return 1 if self._device == "cpu" else self._engine.get().at_once

    def describe(self) -> str:
        """See `Engine`."""
        return self._engine.get().describe() if self.is_loaded else f"PyTorch {self._precision}"


def placed_network(model: Checkpoint | StoredModel, device: Device) -> PlacedNetwork:
    """The network of a model, to listen with; on the processor where the device has no memory for it. Imports torch.
    Raises UserError for weights that cannot be read."""
    from core.inference.engines.on_torch.backends import is_out_of_memory
    from core.inference.engines.on_torch.networks import PlacedNetwork
    from core.model.networks.folded_norms import fold_batch_norms

    network = model.load().build()
    fold_batch_norms(network)
    try:
        return PlacedNetwork(network.to(device), device)
    except RuntimeError as error:
        if device == "cpu" or not is_out_of_memory(error):
            raise
    NOTICES.warning("The GPU has no memory for %s: the processor runs it.", model.config.name)
    return PlacedNetwork(network.to("cpu"), "cpu")


def torch_engine(
    network: Late[PlacedNetwork], merge: MergeSchedule, precision: Precision, model: Checkpoint | StoredModel
) -> Engine:
    """See `TorchEngine`, with a network that is shared by all engines of a model, where and in the precision in which
    its answers can be trusted. Imports torch."""
    from core.inference.engines.on_torch.trust import trusted
    from core.inference.engines.pytorch import TorchEngine

    place, precision = trusted(network.get(), precision, model)
    return TorchEngine(place, merge, precision)
