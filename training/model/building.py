"""Builds the model of a run as it is before the first step."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from torch import nn

from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ConvolutionConfig, HybridConfig, ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.networks.build import Network, build_network, last_layer
from core.model.networks.patchout import Shares
from core.model.variants import find_variant
from training.config.recipe import TrainConfig
from training.model.frame_head_loss import prepare_frame_head
from training.model.initialisation import (
    HEAD,
    Adaptation,
    Initialisation,
    initialise,
    new_module_names,
    read_initial_checkpoint,
)
from training.model.teachers import content_of

KERNELS = {"time": 15, "sequence": 31, "grid": 7}
"""Tokens that a Conformer's convolution spans along each axis; at stride 10, fifteen of them are 1.5 s."""


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A model with a head for the data's labels.

    new_names: its parameters that are random beside others that are not. initialisation: what its weights began as.
    """

    model: Network
    new_names: Collection[str]
    initialisation: Initialisation


def build_model(config: TrainConfig, labels: LabelSet, initial_checkpoint: Checkpoint | None = None) -> BuiltModel:
    """Build the recipe's architecture and initialise its weights. Raises UserError.

    initial_checkpoint: the result of `read_initial_checkpoint`, where it has been read already.
    """
    initial_checkpoint = initial_checkpoint or read_initial_checkpoint(config.start.init)
    if config.start.variant:
        architecture = find_variant(config.start.variant).with_labels(len(labels))
    else:
        assert initial_checkpoint is not None, "a recipe names a variant or a checkpoint"
        architecture = replace(initial_checkpoint.config.model, n_labels=len(labels))
    architecture = _with_hybrid_attention(config, _as_the_recipe_has_it(config, architecture))
    _refuse_patches_of_cnn(config, architecture)
    left_out = Shares(config.optimisation.patch_drop, config.optimisation.row_drop, config.optimisation.column_drop)
    model = build_network(architecture, drop_path=config.optimisation.drop_path, patchout=left_out)
    if config.optimisation.loss == "bce":
        # Predict one label in `n_labels` from the beginning: otherwise the first epochs are spent on learning that.
        nn.init.constant_(last_layer(model).bias, -math.log(len(labels)))
    adaptation = Adaptation(config.start.kernel_collapse, config.start.positions == "random")
    fitted = None if initial_checkpoint is None else _start_as_the_recipe_has_it(config, initial_checkpoint)
    description = initialise(model, config.start.init, labels, fitted, adaptation)
    if config.optimisation.frame_loss:
        prepare_frame_head(model, config, labels, initial_checkpoint)
    # Without a checkpoint, the description distinguishes one initialisation from another.
    initialisation = (
        Initialisation(description, initial_checkpoint.config, content_of(initial_checkpoint))
        if initial_checkpoint
        else Initialisation(description, None, description)
    )
    return BuiltModel(model, new_module_names(model, config.start.init, labels, fitted, adaptation), initialisation)


def _as_the_recipe_has_it(config: TrainConfig, architecture: ModelConfig) -> ModelConfig:
    """The architecture with the recipe's strides, positions and frame head; what a recipe leaves alone stays."""
    if isinstance(architecture, ConvolutionConfig):
        of_transformers = ("strides", "positions", "frame_loss", "pooling", "head", "norm_eps")
        settings = config.to_flat()
        asked = [name for name in of_transformers if settings[name]]
        if asked:
            problem = f"A CNN ({architecture.backbone}) has no patches, no LayerNorms and no frame head."
            raise UserError(problem, f"Leave {', '.join(asked)} out, or choose a transformer.")
        return architecture
    if config.start.strides and architecture.stem != "patch":
        problem = "The strides of a model with convolutions in front of its tokens are theirs."
        raise UserError(problem, "Leave strides empty, or choose a variant with patches, such as ast-tiny.")
    mels, frames = config.start.strides or (architecture.stride_mels, architecture.stride_frames)
    positions = architecture.positions if config.start.positions in ("", "random") else config.start.positions
    # Without a loss a frame head would stay behind the model that it was trained with.
    return replace(
        _with_head_and_norms(config, architecture),
        stride_mels=mels,
        stride_frames=frames,
        positions=positions,
        frame_head=config.optimisation.frame_loss > 0,
    )


def _with_head_and_norms(config: TrainConfig, architecture: TransformerConfig) -> TransformerConfig:
    """The architecture with the recipe's pooling, head and eps, on which the shape of no weight but the head's norm
    depends."""
    return replace(
        architecture,
        pooling=config.start.pooling or architecture.pooling,
        head_norm=config.start.head == "norm" if config.start.head else architecture.head_norm,
        norm_eps=config.start.norm_eps or architecture.norm_eps,
        head_norm_eps=config.start.norm_eps or architecture.head_norm_eps,
    )


def _start_as_the_recipe_has_it(config: TrainConfig, initial_checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the recipe's pooling, head and eps; a head of another shape would mean something else and is
    left out."""
    architecture = initial_checkpoint.config.model
    if isinstance(architecture, ConvolutionConfig):
        return initial_checkpoint
    fitted = _with_head_and_norms(config, architecture)
    keeps_head = fitted.head_norm == architecture.head_norm
    weights = {
        name: tensor for name, tensor in initial_checkpoint.weights.items() if keeps_head or not name.startswith(HEAD)
    }
    return Checkpoint(replace(initial_checkpoint.config, model=fitted), weights)


def _with_hybrid_attention(config: TrainConfig, architecture: ModelConfig) -> ModelConfig:
    """The architecture with what the recipe says of Conformers and channel attention; the rest stays.

    Patches may be dropped beside them: the convolution finds zeros in the places of those that are not there, as
    beyond the edges, and each patch's true neighbours in theirs (see `hybrid_attention.PatchGrid`).
    """
    old = None if isinstance(architecture, ConvolutionConfig) else architecture.hybrid
    new = _hybrid_as_the_recipe_has_it(config, old or HybridConfig())
    if not new.n_conformers and (config.start.conformer_width or config.start.conformer_axis):
        raise UserError("The recipe describes Conformers and has none.", "Set conformers to 1 or more.")
    hybrid = new if new.n_conformers or new.channel_attention else None
    if hybrid == old:
        return architecture
    if isinstance(architecture, ConvolutionConfig):
        problem = f"Conformers and channel attention stand behind a transformer, not a CNN ({architecture.backbone})."
        raise UserError(problem, "Set conformers=0 and channel_attention=false, or choose a transformer.")
    if config.start.freeze:
        problem = "New Conformers or channel attention cannot learn in a model that stays as it is."
        raise UserError(problem, "Set freeze=false, or leave out what the recipe says of them.")
    return replace(architecture, hybrid=hybrid)


def _hybrid_as_the_recipe_has_it(config: TrainConfig, old: HybridConfig) -> HybridConfig:
    axis = config.start.conformer_axis or old.axis
    return HybridConfig(
        n_conformers=old.n_conformers if config.start.conformers is None else config.start.conformers,
        channel_attention=old.channel_attention
        if config.start.channel_attention is None
        else config.start.channel_attention,
        axis=axis,
        kernel=old.kernel if axis == old.axis else KERNELS[axis],
        width=old.width if config.start.conformer_width is None else config.start.conformer_width,
    )


def _refuse_patches_of_cnn(config: TrainConfig, architecture: ModelConfig) -> None:
    """Settings that mean something to a transformer alone would stand in the card and do nothing."""
    of_patches = ("patch_drop", "row_drop", "column_drop", "merge_r_training", "merge_r")
    settings = config.to_flat()
    asked = [name for name in of_patches if settings[name]]
    if asked and isinstance(architecture, ConvolutionConfig):
        raise UserError(
            f"A CNN ({architecture.backbone}) has no patches to drop and no tokens to merge.",
            f"Set {' and '.join(f'{name}=0' for name in asked)}, or choose a transformer.",
        )
