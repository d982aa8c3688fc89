"""Averages of weights over time, and of probabilities over epochs and models. Knows no data."""

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
    """A second model whose weights follow the first one's slowly; usually the better one.

    Young averages forget faster (decay at most (1 + n) / (10 + n) after n updates), so that the first,
    random weights do not linger.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.model: Model = copy.deepcopy(model)
        self.model.eval().requires_grad_(False)
        self.n_updates = 0
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards `model`'s weights; counters (integer buffers) are copied."""
        self.n_updates += 1
        decay = min(self._decay, (1 + self.n_updates) / (10 + self.n_updates))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


class RangeAverage:
    """The plain mean of a model's weights at several moments (AST, arXiv:2104.01778: after each of a range of epochs).

    One copy of the weights is kept however many are added; counters (integer buffers) are those of the last one.
    """

    def __init__(self, model: nn.Module) -> None:
        self.n_added = 0
        self._mean = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        """Count `model`'s weights as they are now."""
        self.n_added += 1
        for name, tensor in model.state_dict().items():
            mine = self._mean[name]
            if mine.is_floating_point():
                mine.lerp_(tensor.to(mine.device), 1 / self.n_added)
            else:
                mine.copy_(tensor)

    def weights(self) -> dict[str, Tensor]:
        """The mean by name, for `load_state_dict`."""
        assert self.n_added, "the mean of nothing"
        return dict(self._mean)

    def state_dict(self) -> dict[str, Any]:
        """All that a run which goes on needs: the mean so far and of how many."""
        return {"n_added": self.n_added, "mean": dict(self._mean)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.n_added = state["n_added"]
        for name, tensor in state["mean"].items():
            self._mean[name].copy_(tensor)


def cumulative_mean(mean: NDArray[np.float32] | None, newest: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """The mean of n arrays from the mean of the first n - 1 (None before any) and the newest one: with an epoch's
    probabilities `(clips, labels)`, AST's ensemble of all checkpoints so far, which keeps none of them."""
    assert (mean is None) == (n == 1), f"the mean of {n - 1} arrays is {'missing' if mean is None else 'too much'}"
    return newest.copy() if mean is None else (mean + (newest - mean) / n).astype(np.float32)


def ensemble_mean(probabilities: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean of several models' probabilities `(clips, labels)`: AST's Ensemble-S (one recipe, several seeds) and
    Ensemble-M (several patch strides). Raises UserError where clips or labels differ in number."""
    shapes = {one.shape for one in probabilities}
    if len(shapes) != 1:
        listed = ", ".join(f"{shape[0]} x {shape[1]}" for shape in sorted(shapes)) or "none at all"
        raise UserError(
            f"The models' results do not fit together (clips x labels: {listed}).",
            "Average models with the same labels over the same clips.",
        )
    return np.stack(probabilities).mean(axis=0, dtype=np.float64).astype(np.float32)
