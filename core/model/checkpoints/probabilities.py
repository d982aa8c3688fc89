"""Turns logits into probabilities: a calibration, then the activation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": partial(torch.softmax, dim=-1),
}

Calibration = tuple[tuple[float, float], ...]
"""(scale, offset) of each label's logit before the activation; empty leaves the logits as they are."""


def to_probabilities(
    activation: str, calibration: Calibration, device: torch.device | str = "cpu"
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The function from logits `(…, labels)` on `device` to probabilities."""
    activate = ACTIVATIONS[activation]
    if not calibration:
        return activate
    scale, offset = torch.tensor(calibration, dtype=torch.float32, device=device).unbind(dim=1)
    return lambda logits: activate(logits * scale + offset)
