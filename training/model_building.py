"""The model of a run before its first step. Knows no data but its labels."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from torch import nn

from core.labels import LabelSet
from core.model.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import find_variant
from training.config import TrainConfig
from training.initialisation import initialise, new_module_names, read_start


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """model: with a head for the data's labels. new_names: its parameters that start at random beside others that do
    not. start: what it starts from, in words."""

    model: AudioSpectrogramTransformer
    new_names: Collection[str]
    start: str


def build_model(config: TrainConfig, labels: LabelSet) -> BuiltModel:
    """The recipe's architecture with weights from where it wants them. Raises UserError."""
    start = read_start(config.init)
    if config.variant:
        architecture = find_variant(config.variant).with_labels(len(labels))
    else:
        assert start is not None, "a recipe names a variant or a checkpoint"
        architecture = replace(start.config.model, n_labels=len(labels))
    model = AudioSpectrogramTransformer(architecture, drop_path=config.drop_path, patch_drop=config.patch_drop)
    head = model.mlp_head[1]
    assert isinstance(head, nn.Linear)
    if config.loss == "bce":
        # Start where one label in `n_labels` is heard: otherwise the first epochs go into learning that.
        nn.init.constant_(head.bias, -math.log(len(labels)))
    words = initialise(model, config.init, labels, start)
    return BuiltModel(model, new_module_names(model, config.init, start), words)
