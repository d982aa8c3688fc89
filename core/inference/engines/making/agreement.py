"""Finds out with a quick look how often a model answers as PyTorch does in fp32 without merging."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.audio.demo.scene import demo_scene
from core.audio.log_mel import LogMel
from core.inference.engines.models import Agreement, Reading, Shape
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.format.config import CheckpointConfig
from core.model.format.probabilities import sigmoid, to_probabilities, top_label
from core.model.merging.schedule import NO_MERGING
from core.model.networks.build import Network

FEWEST_WINDOWS, MOST_WINDOWS = 6, 24
_LOOKED_S = 4.0
"""Of asking PyTorch: fewer windows where they would take longer."""


class Unmerged:
    """Windows of the demo scene, and PyTorch's answers in fp32 without merging. network: with folded norms."""

    def __init__(self, checkpoint: Checkpoint, shape: Shape, network: Network) -> None:
        self._config = checkpoint.config
        self._reading: Reading = shape.reading
        exact, deadline = TorchEngine(PlacedNetwork(network, "cpu"), NO_MERGING), time.monotonic() + _LOOKED_S
        self._windows: list[NDArray[np.float32]] = []
        self._answers: list[NDArray[np.float32]] = []
        for window in _windows(checkpoint, shape):
            if len(self._windows) >= FEWEST_WINDOWS and time.monotonic() > deadline:
                break
            self._windows.append(window)
            self._answers.append(probabilities_of(checkpoint.config, shape.reading, exact.run(shape.reading, window)))

    def agreement(self, run: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Agreement:
        """How far another way to run the model agrees. Of so few windows, one with another top label says nothing."""
        found = [probabilities_of(self._config, self._reading, run(window)) for window in self._windows]
        pairs = list(zip(found, self._answers, strict=True))
        n_other = sum(top_label(one) != top_label(exact) for one, exact in pairs)
        difference = float(np.mean([np.abs(one - exact).mean() for one, exact in pairs]))
        return Agreement(1.0 - max(0, n_other - 1) / len(pairs), difference)


def probabilities_of(config: CheckpointConfig, reading: Reading, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """What logits mean, in the same shape."""
    return sigmoid(logits) if reading == "columns" else to_probabilities(config.activation, config.calibration)(logits)


def _windows(checkpoint: Checkpoint, shape: Shape) -> list[NDArray[np.float32]]:
    """Normalised, `(1, frames, mels)`, in an order in which the first few are from all over the scene."""
    log_mel = checkpoint.config.log_mel
    frames = log_mel.normalise(LogMel(log_mel)(demo_scene()))
    starts: list[int] = np.linspace(0, len(frames) - shape.n_frames, MOST_WINDOWS).astype(int).tolist()
    step = MOST_WINDOWS // FEWEST_WINDOWS
    return [frames[None, start : start + shape.n_frames] for first in range(step) for start in starts[first::step]]
