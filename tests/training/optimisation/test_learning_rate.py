"""Rates as published, and warm-up and decay that do not undo each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config.loading import load_recipe
from training.optimisation.learning_rate import SchedulePlan, learning_rate, plan_schedule

COSINE = SchedulePlan("cosine", highest=1.0, n_steps=100, steps_per_epoch=10, warmup_steps=10)


def rate_in_epoch(plan: SchedulePlan, epoch: int) -> float:
    """At the last step of an epoch; epochs count from 1."""
    return learning_rate(epoch * plan.steps_per_epoch - 1, plan)


def test_the_cosine_rises_then_falls() -> None:
    rates = [learning_rate(step, COSINE) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert all(earlier >= later for earlier, later in pairwise(rates[9:]))
    assert rates[55] == pytest.approx(0.505, abs=1e-6)
    assert learning_rate(100, COSINE) == pytest.approx(0.01)


def test_audioset_epochs_run_at_the_published_rates() -> None:
    plan = plan_schedule(load_recipe("audioset-full").optimisation, steps_per_epoch=162_757)
    rates = [rate_in_epoch(plan, epoch) for epoch in range(1, 6)]
    assert rates == pytest.approx([1e-5, 1e-5, 5e-6, 2.5e-6, 1.25e-6])


def test_the_balanced_list_halves_after_every_fifth_epoch_from_the_tenth() -> None:
    plan = plan_schedule(load_recipe("audioset-balanced").optimisation, steps_per_epoch=1845)
    rates = [rate_in_epoch(plan, epoch) for epoch in (10, 11, 15, 16, 20, 21, 25)]
    assert rates == pytest.approx([5e-5, 2.5e-5, 2.5e-5, 1.25e-5, 1.25e-5, 6.25e-6, 6.25e-6])


@pytest.mark.parametrize("recipe", ["esc50-audioset", "speech-commands"])
def test_decay_by_0_85_begins_with_the_sixth_epoch(recipe: str) -> None:
    config = load_recipe(recipe)
    plan = plan_schedule(config.optimisation, steps_per_epoch=34)
    assert learning_rate(0, plan) == config.optimisation.learning_rate
    assert rate_in_epoch(plan, 5) == pytest.approx(config.optimisation.learning_rate)
    assert learning_rate(5 * 34, plan) == pytest.approx(0.85 * config.optimisation.learning_rate)
    assert rate_in_epoch(plan, 25) == pytest.approx(0.85**20 * config.optimisation.learning_rate)


@pytest.mark.parametrize(
    ("step", "share"), [(0, 0.0), (49, 0.0), (50, 0.05), (99, 0.05), (500, 0.5), (999, 0.95), (1000, 1.0), (5000, 1.0)]
)
def test_warm_up_of_ast_climbs_every_fiftieth_step(step: int, share: float) -> None:
    plan = plan_schedule(load_recipe("audioset-full").optimisation, steps_per_epoch=162_757)
    assert learning_rate(step, plan) == pytest.approx(share * 1e-5)


def test_warm_up_longer_than_an_epoch_leaves_the_decay_in_force() -> None:
    plan = replace(COSINE, kind="step", warmup_steps=40, decay_factor=0.5, decay_after=(2,))
    assert learning_rate(29, plan) == pytest.approx(30 / 40 * 0.5)


@given(
    st.sampled_from(["cosine", "step"]),
    st.sampled_from(["linear", "ast"]),
    st.integers(0, 300),
    st.sets(st.integers(1, 9)),
    st.integers(0, 400),
)
def test_no_rate_leaves_its_bounds(kind: str, warmup: str, warmup_steps: int, after: set[int], step: int) -> None:
    plan = SchedulePlan(kind, 2e-3, 400, 40, warmup_steps, warmup, 0.7, tuple(after))  # pyright: ignore[reportArgumentType]
    rate = learning_rate(step, plan)
    assert 0 <= rate <= 2e-3 * (1 + 1e-9)
    if step >= warmup_steps:
        assert rate >= 2e-3 * 0.01 * (1 - 1e-9)
