"""The learning rate as a function of the step. Knows no optimiser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from training.config.recipe import TrainConfig

AST_WARMUP_STEPS = 1000
AST_WARMUP_STRIDE = 50
LOWEST_SHARE = 0.01
"""Of the highest rate, at the end of the cosine."""


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """A run's rates. Steps are the optimiser's and count from 0.

    kind: "cosine": half a cosine from the end of the warm-up to LOWEST_SHARE of `highest` at step `n_steps`; "step":
    times `decay_factor` after the end of each epoch of `decay_after` (epochs count from 1).
    warmup_kind: "linear" over `warmup_steps`; "ast" climbs every 50th step from 0 (released code of AST,
    arXiv:2104.01778: over 1000 steps).
    """

    kind: Literal["cosine", "step"]
    highest: float
    n_steps: int
    steps_per_epoch: int
    warmup_steps: int = 0
    warmup_kind: Literal["linear", "ast"] = "linear"
    decay_factor: float = 1.0
    decay_after: tuple[int, ...] = ()


def plan_schedule(config: TrainConfig, steps_per_epoch: int) -> SchedulePlan:
    """The plan of a recipe whose epochs have `steps_per_epoch` updates of the weights."""
    linear_steps = round(config.warmup_epochs * steps_per_epoch)
    return SchedulePlan(
        kind=config.schedule,
        highest=config.learning_rate,
        n_steps=config.epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        warmup_steps=AST_WARMUP_STEPS if config.warmup_kind == "ast" else linear_steps,
        warmup_kind=config.warmup_kind,
        decay_factor=config.decay_factor,
        decay_after=config.decay_after,
    )


def learning_rate(step: int, plan: SchedulePlan) -> float:
    """The rate of the update `step`. Warm-up multiplies the decay: where they overlap, neither undoes the other."""
    decay = _cosine(step, plan) if plan.kind == "cosine" else _steps_down(step, plan)
    return plan.highest * _warmup(step, plan) * decay


def _warmup(step: int, plan: SchedulePlan) -> float:
    if step >= plan.warmup_steps:
        return 1.0
    if plan.warmup_kind == "ast":
        return step // AST_WARMUP_STRIDE * AST_WARMUP_STRIDE / plan.warmup_steps
    return (step + 1) / plan.warmup_steps


def _cosine(step: int, plan: SchedulePlan) -> float:
    done = max(0, step - plan.warmup_steps) / max(1, plan.n_steps - plan.warmup_steps)
    return LOWEST_SHARE + (1 - LOWEST_SHARE) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _steps_down(step: int, plan: SchedulePlan) -> float:
    epochs_over = step // plan.steps_per_epoch
    return plan.decay_factor ** sum(epoch <= epochs_over for epoch in plan.decay_after)
