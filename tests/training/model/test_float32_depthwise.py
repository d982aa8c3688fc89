"""Depthwise convolutions compute in float32 under bfloat16 autocast; the others do not."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from training.model.float32_depthwise import keep_depthwise_in_float32


def test_only_depthwise_convolutions_leave_autocast() -> None:
    network = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    plain = copy.deepcopy(network)
    keep_depthwise_in_float32(network)
    kinds: list[torch.dtype] = []
    inner = network[1]
    assert isinstance(inner, nn.Conv2d)
    original = nn.Conv2d._conv_forward

    def watched(self: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        kinds.append(x.dtype)
        return original(self, x, weight, bias)

    inner._conv_forward = watched.__get__(inner)
    x = torch.randn(2, 4, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        y = network(x)
    assert kinds == [torch.float32]
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), plain(x), atol=0.05, rtol=0.05)


def test_a_copy_computes_with_its_own_weights() -> None:
    network = nn.Conv2d(3, 3, 3, groups=3)
    keep_depthwise_in_float32(network)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        twin.weight.zero_()
        assert twin.bias is not None
        twin.bias.zero_()
    x = torch.randn(1, 3, 5, 5)
    assert float(twin(x).abs().max()) == 0
    assert float(network(x).abs().max()) > 0
