"""A network whose blocks compute in sixteen bits."""

from __future__ import annotations

import copy
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.inference.engines.models import Precision

DTYPES: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}


class _LowLinear(nn.Module):
    """A linear layer in sixteen bits, whatever it is given. What follows, attention included, stays in them until the
    next sum with fp32."""

    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.weight.detach().to(dtype), requires_grad=False)
        self.bias = nn.Parameter(layer.bias.detach().to(dtype), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, inputs)` to `(…, outputs)`."""
        return F.linear(x.to(self.weight.dtype), self.weight, self.bias)


def has_low_precision(network: nn.Module) -> bool:
    """Whether a network has transformer blocks, the only part that computes in low precision."""
    return isinstance(getattr(network, "blocks", None), nn.ModuleList)


def in_low_precision(network: nn.Module, precision: Precision) -> nn.Module:
    """A network that shares the weights of one with blocks, except those of its blocks' linear layers, in sixteen bits.

    Stem, norms, sums and heads stay in fp32: they are a small part of the work, and bf16 in its convolutional stem
    changes the starter's probabilities by up to 0.2, in its blocks by 0.001.
    """
    shared = {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())}
    other = copy.deepcopy(network, shared)
    blocks = other.blocks
    assert isinstance(blocks, nn.Module), "see has_low_precision"
    for parent in list(blocks.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(parent, name, _LowLinear(layer, DTYPES[precision]))
    return other
