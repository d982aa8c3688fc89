"""Initialises a model: with random weights, from one of our checkpoints, or with ImageNet weights of a timm model.

ImageNet weights are adapted as AST does it (Gong et al., arXiv:2104.01778, §2.2, and the released code): the patch
kernel's three colour channels are summed (the paper's text says averaged: see `Adaptation`), the square grid of
positions is cropped or interpolated to ours, and the head is dropped. A checkpoint with other patch strides can be used
too; its positions are resampled (see `core.model.checkpoints.restride`). A CNN takes the ImageNet weights of its own
backbone, with the first kernel's colour channels summed in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.loading import load_checkpoint
from core.model.checkpoints.restride import with_strides
from core.model.networks.build import Network
from core.model.networks.convolutional import ConvolutionalTagger
from core.model.networks.positions import fit_positions
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from core.model.store.find import find_weights
from training.model.imagenet_weights import (
    Kernels,
    efficient_part,
    load_backbone_weights,
    load_package_weights,
    load_vision_weights,
)
from training.model.package_weights import PACKAGE

MUST_BE_GIVEN = "required"
"""The `init` of a recipe that needs trained weights and does not ship any."""
TIMM = "timm:"
HEAD, FRAME_HEAD = "mlp_head.", "frame_head."
LAST_LAYERS = tuple(f"{head}1.{kind}" for head in (HEAD, FRAME_HEAD) for kind in ("weight", "bias"))
"""Parameters with one row per label."""
ADDED = {"hybrid.": "new hybrid attention", FRAME_HEAD: "new frame head"}
"""Parts that a model may have and its initial checkpoint may lack, with their description; they keep their random
initialisation."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How weights are adapted to a model where the paper and its released code differ, or for an ablation."""

    kernel_collapse: Kernels = "sum"
    """Of ImageNet's three colour channels: "sum" as in the released code, "average" as in the paper's text."""
    new_positions: bool = False
    """Leaves all position embeddings random, those of the class tokens included."""


AS_RELEASED = Adaptation()


@dataclass(frozen=True, slots=True)
class Initialisation:
    """What a run's weights were initialised from."""

    description: str
    """For people, without paths."""
    config: CheckpointConfig | None
    """Of the initial checkpoint; None without one."""
    content: str
    """Identifies the initial weights wherever their file is: a resumed run must have the same."""


RANDOM_INITIALISATION = Initialisation("random weights", None, "random weights")


def read_initial_checkpoint(init: str) -> Checkpoint | None:
    """The checkpoint that `init` names: "starter", a downloaded model, or a path; None for what is no checkpoint.

    Raises UserError.
    """
    if init == MUST_BE_GIVEN:
        raise UserError("This recipe needs trained weights to start from.", "Add init=CHECKPOINT.")
    if not init or init.startswith((TIMM, PACKAGE)):
        return None
    return load_checkpoint(find_weights(init))


def initialise(
    model: Network,
    init: str,
    labels: LabelSet,
    initial_checkpoint: Checkpoint | None = None,
    adaptation: Adaptation = AS_RELEASED,
) -> str:
    """Initialise `model` with what `init` names; returns a description of it, without paths. Raises UserError.

    init: "" to keep the random weights; "starter", the checkpoint that ships; the path of a checkpoint; "timm:NAME",
    ImageNet weights of a DeiT or ViT (for a CNN, of its backbone) from the Hugging Face hub; "timm:NAME@FILE", the same
    from a file; "package:NAME", ImageNet weights in a Python package (see `package_weights`). Of a checkpoint's last
    layer, the rows of the labels that both have are copied, matched by id.
    initial_checkpoint: the result of `read_initial_checkpoint(init)`, where it has been read already.
    """
    initial_checkpoint = _at_strides_of(model, initial_checkpoint or read_initial_checkpoint(init))
    if initial_checkpoint is not None:
        n_shared = _copy_checkpoint(model, initial_checkpoint, labels, adaptation)
        of_head = {0: "without its last layer", len(labels): "its last layer too"}
        how_much = of_head.get(n_shared, f"its last layer for {n_shared} of {len(labels)} labels")
        new = model.state_dict().keys() - initial_checkpoint.weights.keys()
        added = [description for part, description in ADDED.items() if any(name.startswith(part) for name in new)]
        return ", ".join([f"weights of {initial_checkpoint.config.name}", how_much, *added])
    if not init:
        return "random weights"
    if init.startswith(PACKAGE):
        return _copy_package(model, init.removeprefix(PACKAGE), adaptation)
    name, _, file = init.removeprefix(TIMM).partition("@")
    source = Path(file).expanduser() if file else None
    if isinstance(model, ConvolutionalTagger):
        model.backbone.load_state_dict(load_backbone_weights(name, source, model, adaptation.kernel_collapse))
    else:
        _copy_imagenet(model, load_vision_weights(name, source, model.config), adaptation)
    return f"ImageNet weights of {name}, without its head"


def new_module_names(
    model: Network,
    init: str,
    labels: LabelSet,
    initial_checkpoint: Checkpoint | None = None,
    adaptation: Adaptation = AS_RELEASED,
) -> tuple[str, ...]:
    """Names of the parameters that `initialise` left random; none where all are random.

    A last layer counts as new where `initial_checkpoint` lacks one of the labels. The arguments are those of
    `initialise`.
    """
    initial_checkpoint = _at_strides_of(model, initial_checkpoint or read_initial_checkpoint(init))
    if initial_checkpoint is None:
        if init.startswith(PACKAGE) and isinstance(model, AudioSpectrogramTransformer):
            old = {f"patch_embed.{name}" for name in efficient_part(model).state_dict()}
            return tuple(name for name, _ in model.named_parameters() if name not in old)
        new = (HEAD, *ADDED, *(["pos_embed"] if adaptation.new_positions else []))
        return tuple(name for name, _ in model.named_parameters() if init and name.startswith(new))
    has_all_labels = {label.id for label in labels} <= {label.id for label in initial_checkpoint.config.labels}

    def is_new(name: str, parameter: Tensor) -> bool:
        theirs = initial_checkpoint.weights.get(name)
        if theirs is not None and name in LAST_LAYERS:  # its rows may be in another order
            return not has_all_labels
        return (
            theirs is None
            or parameter.shape != theirs.shape
            or not torch.equal(parameter.detach().cpu(), theirs.float())
        )

    return tuple(name for name, parameter in model.named_parameters() if is_new(name, parameter))


def _at_strides_of(model: Network, checkpoint: Checkpoint | None) -> Checkpoint | None:
    """`checkpoint` with the model's patch strides and position fitting, where both cut the spectrogram into patches."""
    if checkpoint is None:
        return None
    mine, theirs = model.config, checkpoint.config.model
    if not isinstance(mine, TransformerConfig) or not isinstance(theirs, TransformerConfig):
        return checkpoint
    if mine.stem != "patch" or theirs.stem != "patch":
        return checkpoint
    fitted = replace(checkpoint.config, model=replace(theirs, positions=mine.positions))
    return with_strides(replace(checkpoint, config=fitted), mine.stride_mels, mine.stride_frames)


def _copy_checkpoint(model: Network, checkpoint: Checkpoint, labels: LabelSet, adaptation: Adaptation) -> int:
    """Copy everything but the last layer, and of the last layer the rows of the labels that both have.

    Returns the number of these labels. Raises UserError for another architecture.
    """
    _require_same_architecture(model.config, checkpoint.config)
    # The architectures differ in the ADDED parts at most, so nothing else keeps its random weights.
    own = model.state_dict()
    theirs = {
        name: weight.float() if weight.is_floating_point() else weight for name, weight in checkpoint.weights.items()
    }
    weights = {name: theirs.get(name, weight) for name, weight in own.items()}
    if adaptation.new_positions:
        weights["pos_embed"] = own["pos_embed"]
    place = {label.id: label.index for label in checkpoint.config.labels}
    # A checkpoint whose head has another shape than the recipe's comes here without it.
    shared = [label for label in labels if label.id in place and LAST_LAYERS[0] in theirs]
    for name in LAST_LAYERS:
        if name in own and name in theirs:
            rows = own[name].clone()
            rows[[label.index for label in shared]] = theirs[name][[place[label.id] for label in shared]]
            weights[name] = rows
    model.load_state_dict(weights)
    return len(shared)


def _require_same_architecture(config: ModelConfig, initial: CheckpointConfig) -> None:
    """Raises UserError where the checkpoint's weights do not fit, the ADDED parts and the number of labels aside."""
    theirs = initial.model
    mine = _without_added(replace(config, n_labels=theirs.n_labels), theirs)
    if mine == theirs:
        return
    are_both = isinstance(mine, TransformerConfig) and isinstance(theirs, TransformerConfig)
    if are_both and replace(mine, hybrid=None) == replace(theirs, hybrid=None):
        raise UserError(
            f"The checkpoint {initial.name} has other Conformers or channel attention than the recipe asks for.",
            "Leave variant and all settings of Conformers and channel attention empty: the checkpoint brings its own.",
        )
    raise UserError(
        f"The checkpoint {initial.name} has another architecture ({initial.variant}).",
        "Leave the variant empty (variant=): the checkpoint then brings its own.",
    )


def _without_added(mine: ModelConfig, theirs: ModelConfig) -> ModelConfig:
    """`mine` without the ADDED parts that `theirs` lacks, and with all of its settings that no weight depends on."""
    if not isinstance(mine, TransformerConfig) or not isinstance(theirs, TransformerConfig):
        return mine
    hybrid = None if theirs.hybrid is None else mine.hybrid
    return replace(mine, hybrid=hybrid, frame_head=theirs.frame_head, positions=theirs.positions)


def _copy_package(model: Network, package: str, adaptation: Adaptation) -> str:
    """Copy a package's ImageNet weights to a CNN's backbone or an efficient stem; returns a description."""
    weights = load_package_weights(package, model, adaptation.kernel_collapse)
    if isinstance(model, ConvolutionalTagger):
        model.backbone.load_state_dict(weights)
        return f"ImageNet weights of {model.config.backbone}, without its head"
    efficient_part(model).load_state_dict(weights)
    return "ImageNet weights of EfficientNet-Lite0 in the stem, and random ones behind it"


def _copy_imagenet(model: AudioSpectrogramTransformer, weights: dict[str, Tensor], adaptation: Adaptation) -> None:
    """Copy a vision transformer's weights, whose names are ours; the module docstring says what is adapted.

    For a ViT without a distillation token, its class token and that token's position are duplicated: the head reads the
    mean of the two tokens, which is then what the ViT's own head read; a random second token would halve it.
    """
    has_distillation = "dist_token" in weights
    positions = weights["pos_embed"]
    if not has_distillation:
        weights = {**weights, "dist_token": weights["cls_token"]}
        positions = torch.cat([positions[:, :1], positions], dim=1)
    side = math.isqrt(positions.shape[1] - N_PREFIX_TOKENS)
    rows, columns = model.config.grid(model.config.max_frames)
    square = positions[0, N_PREFIX_TOKENS:].reshape(side, side, -1)
    fitted = fit_positions(square, rows, columns, stretch=model.config.positions).flatten(0, 1)
    colours = weights["patch_embed.proj.weight"]
    collapse = torch.mean if adaptation.kernel_collapse == "average" else torch.sum
    weights = {
        **weights,
        "pos_embed": torch.cat([positions[:, :N_PREFIX_TOKENS], fitted[None]], dim=1),
        "patch_embed.proj.weight": collapse(colours, dim=1, keepdim=True),
    }
    kept = (HEAD, *ADDED, *(["pos_embed"] if adaptation.new_positions else []))
    own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(kept)}
    model.load_state_dict({**weights, **own})
