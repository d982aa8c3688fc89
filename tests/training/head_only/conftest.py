"""A backbone and clips for the tests of a new last layer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.networks.build import build_network
from core.model.variants import find_variant
from tests.training.runs import write_clips


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of four labels that are not those of the clips; its weights are random and hear well enough."""
    torch.manual_seed(0)
    model = build_network(find_variant("nano").with_labels(4))
    labels = LabelSet.from_ids(["a", "b", "c", "d"])
    log_mel = LogMelConfig(mean=-5.0, std=5.0)
    described = CheckpointConfig(
        "Nano", "nano", model.config, log_mel, labels, (0.5,) * 4, provenance={"data": "other sounds"}
    )
    folder = tmp_path_factory.mktemp("backbone")
    save_checkpoint(Checkpoint(described, model.state_dict()), folder, dtype=torch.float32)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("data") / "sounds")
