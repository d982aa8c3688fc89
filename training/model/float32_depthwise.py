"""Keeps depthwise convolutions in float32 where a CPU trains in bfloat16.

oneDNN has no fast bfloat16 kernel for the gradients of a depthwise convolution: 5 x 5 over 672 channels takes seven
times as long as in float32, and with it half of a training step of EfficientNet-Lite0.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn


def keep_depthwise_in_float32(network: nn.Module) -> None:
    """Run the depthwise convolutions of `network` in float32, whatever the autocast around them; other layers, and all
    weights, stay as they are."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.forward = partial(_in_float32, module)  # pyright: ignore[reportAttributeAccessIssue]


def _in_float32(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        return type(convolution).forward(convolution, x.float()).to(x.dtype)
