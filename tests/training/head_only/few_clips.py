"""Small runs of a new last layer. No test by itself."""

from __future__ import annotations

from pathlib import Path

import torch

from core.model.checkpoints.loading import load_checkpoint
from core.run.messages import (
    TrainingMessage,
)
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.head_only.training import train_head
from training.loop.control import RunControl


def few(backbone: Path, *settings: str) -> TrainConfig:
    quick = ("epochs=3", "batch_size=8", "threads=1", "lengths_s=0.5,1", "length_weights=1,1", "background=0.2")
    return load_recipe("few-clips", [f"init={backbone}", *quick, *settings])


def run(config: TrainConfig, data: Path, out: Path, control: RunControl | None = None) -> list[TrainingMessage]:
    messages: list[TrainingMessage] = []
    train_head(config, data, out, messages.append, control=control)
    return messages


def resume(config: TrainConfig, data: Path, out: Path) -> list[TrainingMessage]:
    messages: list[TrainingMessage] = []
    train_head(config, data, out, messages.append, resume=True)
    return messages


def weights_of(out: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(out / "checkpoint").weights
