"""Minimises a smooth function of one tensor by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def lbfgs(
    loss: Callable[[Tensor], Tensor], start: Tensor, *, max_iter: int = 200, tolerance_change: float = 1e-9
) -> Tensor:
    """The tensor of the shape of `start` that minimises `loss`, found by L-BFGS from `start`."""
    parameters = start.clone(memory_format=torch.contiguous_format).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [parameters], max_iter=max_iter, tolerance_change=tolerance_change, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(parameters)
        value.backward()
        return value

    optimiser.step(closure)
    return parameters.detach()
