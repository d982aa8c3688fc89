"""Averages weights over time, and probabilities over epochs and models."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError

Model = TypeVar("Model", bound=nn.Module)


class WeightAverage(Generic[Model]):
    """An exponential moving average of a model's weights, as a second model, which is usually the better one.

    The decay starts low, at most (1 + n) / (10 + n) after n updates, so that the random initial weights fade quickly.
    PyTorch's AveragedModel is not used: its first update copies the weights, it would average integer buffers, and its
    state has other names than those in the state files of earlier runs.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.model: Model = copy.deepcopy(model)
        self.model.eval().requires_grad_(False)
        self.n_updates = 0
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards `model`'s weights; integer buffers (counters) are copied."""
        self.n_updates += 1
        decay = min(self._decay, (1 + self.n_updates) / (10 + self.n_updates))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


class RangeAverage:
    """The plain mean of a model's weights at several moments (AST, arXiv:2104.01778: after each of a range of epochs).

    It needs the memory of one model, however many are added. Integer buffers (counters) are those of the last one.
    """

    def __init__(self, model: nn.Module) -> None:
        self.n_added = 0
        self._mean = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        """Add `model`'s present weights to the mean."""
        self.n_added += 1
        for name, tensor in model.state_dict().items():
            mine = self._mean[name]
            if mine.is_floating_point():
                mine.lerp_(tensor.to(mine.device), 1 / self.n_added)
            else:
                mine.copy_(tensor)

    def weights(self) -> dict[str, Tensor]:
        """The mean by name, for `load_state_dict`."""
        assert self.n_added, "no weights were added"
        return dict(self._mean)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs: the mean so far, and of how many moments."""
        return {"n_added": self.n_added, "mean": dict(self._mean)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.n_added = state["n_added"]
        for name, tensor in state["mean"].items():
            self._mean[name].copy_(tensor)


def cumulative_mean(mean: NDArray[np.float32] | None, newest: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """The mean of n arrays, from the mean of the first n - 1 (None for n = 1) and the newest one.

    Applied to each epoch's probabilities `(clips, labels)`, it is AST's ensemble of all checkpoints so far, without
    keeping any of them.
    """
    assert (mean is None) == (n == 1), f"the mean of {n - 1} arrays is {'missing' if mean is None else 'superfluous'}"
    return newest.copy() if mean is None else (mean + (newest - mean) / n).astype(np.float32)


def ensemble_mean(probabilities: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of several models' probabilities `(clips, labels)`: AST's Ensemble-S (one recipe, several seeds) and
    Ensemble-M (several patch strides). Raises UserError where the numbers of clips or labels differ."""
    shapes = {scores.shape for scores in probabilities}
    if len(shapes) != 1:
        sizes = ", ".join(f"{shape[0]} x {shape[1]}" for shape in sorted(shapes)) or "none"
        raise UserError(
            f"The models' results cannot be averaged (clips x labels: {sizes}).",
            "Average models with the same labels over the same clips.",
        )
    return np.stack(probabilities).mean(axis=0, dtype=np.float64).astype(np.float32)
