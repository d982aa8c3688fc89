"""L-BFGS finds the minimum of a smooth function and leaves its start alone."""

from __future__ import annotations

import torch
from torch import Tensor

from training.evaluation.lbfgs import lbfgs


def test_it_finds_the_minimum_in_the_shape_of_the_start() -> None:
    target = torch.tensor([[1.0, -2.0], [3.0, 0.5]], dtype=torch.float64)

    def loss(x: Tensor) -> Tensor:
        return ((x - target) ** 2 * torch.tensor([1.0, 100.0], dtype=torch.float64)).sum()

    start = torch.zeros(2, 2, dtype=torch.float64)
    torch.testing.assert_close(lbfgs(loss, start), target, atol=1e-6, rtol=0)
    assert not start.any()
    assert not lbfgs(loss, start.T).requires_grad
