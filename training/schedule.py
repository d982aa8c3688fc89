"""The learning rate as a function of the step. Knows no optimiser."""

from __future__ import annotations

import math


def learning_rate(step: int, n_steps: int, highest: float, warmup_steps: int, lowest_share: float = 0.01) -> float:
    """Linear from 0 over `warmup_steps`, then half a cosine to `lowest_share * highest` at step `n_steps`."""
    if step < warmup_steps:
        return highest * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, n_steps - warmup_steps)
    return highest * (lowest_share + (1 - lowest_share) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
