"""Turns logits into probabilities: a calibration, then the activation. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Calibration = tuple[tuple[float, float], ...]
"""(scale, offset) of each label's logit before the activation; empty leaves the logits as they are."""


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Along the last dimension."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {"sigmoid": sigmoid, "softmax": softmax}


def to_probabilities(activation: str, calibration: Calibration) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The function from logits `(…, labels)` to probabilities, both float32."""
    activate = ACTIVATIONS[activation]
    if not calibration:
        return activate
    scale, offset = np.asarray(calibration, np.float32).T
    return lambda logits: activate(logits * scale + offset)


def top_label(probabilities: NDArray[np.float32]) -> int:
    """The label that is heard most clearly, of probabilities `(…, labels)`: the one with the highest of all rows."""
    return int(np.argmax(probabilities.reshape(-1, probabilities.shape[-1]).max(axis=0)))
