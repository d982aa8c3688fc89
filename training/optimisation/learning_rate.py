"""Computes the learning rate of each step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from training.config.optimisation import OptimisationSettings

AST_WARMUP_STEPS = 1000
AST_WARMUP_STRIDE = 50
LOWEST_SHARE = 0.01
"""The rate at the end of the cosine, as a share of the highest rate."""


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """The schedule of a run. Steps are updates of the weights and count from 0, epochs count from 1."""

    kind: Literal["cosine", "step"]
    """Of the decay. "cosine": half a cosine from the end of the warm-up to LOWEST_SHARE of `highest` at step `n_steps`;
    "step": multiplied by `decay_factor` after each epoch in `decay_after`."""
    highest: float
    n_steps: int
    """Of the whole run."""
    steps_per_epoch: int
    warmup_steps: int = 0
    warmup_kind: Literal["linear", "ast"] = "linear"
    """Of the warm-up. "linear": rises at every step; "ast": rises from 0 at every 50th step, as in AST's released code
    (arXiv:2104.01778; over 1000 steps)."""
    decay_factor: float = 1.0
    decay_after: tuple[int, ...] = ()


def plan_schedule(optimisation: OptimisationSettings, steps_per_epoch: int) -> SchedulePlan:
    """The schedule of a recipe whose epochs have `steps_per_epoch` updates of the weights."""
    linear_steps = round(optimisation.warmup_epochs * steps_per_epoch)
    return SchedulePlan(
        kind=optimisation.schedule,
        highest=optimisation.learning_rate,
        n_steps=optimisation.epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        warmup_steps=AST_WARMUP_STEPS if optimisation.warmup_kind == "ast" else linear_steps,
        warmup_kind=optimisation.warmup_kind,
        decay_factor=optimisation.decay_factor,
        decay_after=optimisation.decay_after,
    )


def learning_rate(step: int, plan: SchedulePlan) -> float:
    """The learning rate at `step`: the product of warm-up and decay, which may overlap."""
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
