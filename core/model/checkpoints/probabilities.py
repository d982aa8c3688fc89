"""Turns logits into probabilities in PyTorch; `core.model.format.probabilities` does it in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from core.model.format.probabilities import Calibration

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": partial(torch.softmax, dim=-1),
}


def to_probabilities(
    activation: str, calibration: Calibration, device: torch.device | str = "cpu"
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The function from logits `(…, labels)` on `device` to probabilities."""
    activate = ACTIVATIONS[activation]
    if not calibration:
        return activate
    scale, offset = torch.tensor(calibration, dtype=torch.float32, device=device).unbind(dim=1)
    return lambda logits: activate(logits * scale + offset)
