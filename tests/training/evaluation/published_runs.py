"""Runs that ended, for the tests of what is published of them. No test by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.audio.log_mel import LogMelConfig
from core.labels import LabelSet
from core.model.networks.build import build_network
from core.model.variants import find_variant
from training.config.recipe import TrainConfig
from training.data.manifest import LabelledClip, Manifest, Split
from training.evaluation.publish import Predictions, PublishedRun, merge_schedule, publish

LABELS = LabelSet.from_ids(["bell", "dog", "rain"])
CLIPS_A_SIDE = 60


def recipe(**settings: Any) -> TrainConfig:
    fixed = {"name": "three", "title": "Three", "variant": "ast-tiny-16", "test_folds": ("2",)}
    return TrainConfig.from_flat({**fixed, **settings})


def side(fold: str) -> tuple[LabelledClip, ...]:
    """60 clips, every third of a label, the last three of none."""
    labels = [(i % 3,) if i < CLIPS_A_SIDE - 3 else () for i in range(CLIPS_A_SIDE)]
    return tuple(LabelledClip(Path(f"{fold}-{i}.wav"), indices, fold, "") for i, indices in enumerate(labels))


def predictions(clips: tuple[LabelledClip, ...], seed: int, r: int = 0) -> Predictions:
    """Logits that are far too sure, and a little better unmerged."""
    truth = np.zeros((len(clips), len(LABELS)), np.float32)
    for row, clip in zip(truth, clips, strict=True):
        row[list(clip.labels)] = 1
    noise = np.random.default_rng(seed).normal(0, 1, truth.shape)
    logits = (6 * (2.2 * truth - 1.5 + noise)).astype(np.float32)
    return Predictions(clips, truth, merge_schedule(r, 512), logits, (logits + 3 * truth).astype(np.float32))


def finished_run(
    config: TrainConfig, test: Predictions | None = None, validation: Predictions | None = None
) -> PublishedRun:
    sides = side("1"), side("3") if validation else (), side("2") if test else ()
    manifest = Manifest("three", tuple(clip for side in sides for clip in side), LABELS, (("CC0", 180),))
    torch.manual_seed(0)
    model = build_network(find_variant(config.start.variant).with_labels(len(LABELS)))
    return PublishedRun(config, manifest, Split(*sides, 0), LogMelConfig(), model, test, validation)


def published(run: PublishedRun, out: Path) -> Path:
    """The folder of the checkpoint."""
    return Path(publish(run, out).checkpoint)
