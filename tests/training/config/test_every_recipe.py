"""Every recipe builds its model at full size and makes two steps with its own loss, optimiser and masks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.model.checkpoints.loading import load_checkpoint
from core.model.networks.build import build_network
from core.model.variants import find_variant
from core.run.messages import TrainingEpoch, TrainingFinished, TrainingMessage
from training.config.loading import RECIPES, load_recipe
from training.loop.runner import train

pytestmark = pytest.mark.slow

TRAINED = sorted(path.stem for path in RECIPES.glob("*.toml") if not load_recipe(path.stem).start.freeze)


@pytest.mark.parametrize("recipe", TRAINED)
def test_it_builds_at_full_size(recipe: str) -> None:
    config = load_recipe(recipe)
    if config.start.variant:
        with torch.device("meta"):  # shapes without numbers
            model = build_network(find_variant(config.start.variant).with_labels(527))
        assert sum(parameter.numel() for parameter in model.parameters()) > 2_500_000


@pytest.mark.parametrize("recipe", TRAINED)
def test_it_makes_two_steps(recipe: str, data: Path, tmp_path: Path) -> None:
    settings = ["epochs=1", "batch_size=8", "lengths_s=0.5", "length_weights=1", "init=", "variant=nano", "workers=0"]
    settings += ["teacher="]
    settings += [
        "test_folds=5",
        "validation_folds=",
        "select=last",
        "collection=",
        "average_epochs=",
        "sampler=shuffle",
    ]
    settings += ["evaluate_every=1"]
    messages: list[TrainingMessage] = []
    train(load_recipe(recipe, settings), data, tmp_path, messages.append)
    assert isinstance(messages[-1], TrainingFinished)
    [epoch] = [message for message in messages if isinstance(message, TrainingEpoch)]
    assert 0 < epoch.loss < 10  # two labels, known by nobody yet: ln 2 before any distance or share
    weights = load_checkpoint(tmp_path / "checkpoint").weights
    assert all(bool(tensor.isfinite().all()) for tensor in weights.values())
    assert weights["mlp_head.1.bias"].abs().min() > 0  # it began at zero
