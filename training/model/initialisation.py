"""What a model starts from: chance, one of our checkpoints, or ImageNet weights of a timm model. Knows no data.

ImageNet weights are fitted as AST does it (Gong et al., arXiv:2104.01778, §2.2, and the released code): the patch
kernel's three colours are summed (the paper's text says averaged: see `Adaptation`), the square grid of positions is
cut or stretched to ours, and the head is dropped. A checkpoint of other patch strides gives its weights too, each
position at its own place (see `core.model.checkpoints.restride`). A CNN takes ImageNet weights of its own backbone, its
first kernel's colours summed likewise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from core.errors import UserError
from core.inference.tagger import find_weights
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, load_checkpoint
from core.model.checkpoints.restride import with_strides
from core.model.networks.build import Network
from core.model.networks.convolutional import ConvolutionalTagger
from core.model.networks.positions import fit_positions
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from training.model.imagenet_weights import load_backbone_weights, load_vision_weights

MUST_BE_GIVEN = "required"
"""A recipe's `init` when it makes no sense without weights and ships none."""
TIMM = "timm:"
HEAD, FRAME_HEAD = "mlp_head.", "frame_head."
LAST_LAYERS = tuple(f"{head}1.{kind}" for head in (HEAD, FRAME_HEAD) for kind in ("weight", "bias"))
"""Parameters with a row for each label."""
ADDED = {"hybrid.": "new hybrid attention", FRAME_HEAD: "new frame head"}
"""Parts that a model may have where what it starts from has none; they begin as they were made."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How weights are fitted to a model where paper and released code differ, or an ablation asks for another way.

    kernel_collapse: of ImageNet's three colours, "sum" as released, "average" as the paper's text has it.
    new_positions: leaves all positions at random, those of the class tokens too.
    """

    kernel_collapse: Literal["sum", "average"] = "sum"
    new_positions: bool = False


AS_RELEASED = Adaptation()


@dataclass(frozen=True, slots=True)
class Start:
    """What a run began with. words: for people, without paths. config: of the checkpoint, None where it was none.
    content: what a run that goes on must find again, wherever it lies now."""

    words: str
    config: CheckpointConfig | None
    content: str


RANDOM_START = Start("random weights", None, "random weights")


def read_start(init: str) -> Checkpoint | None:
    """The checkpoint that `init` names: "starter", a model that was fetched, or a path; None for "" and "timm:…".

    Raises UserError.
    """
    if init == MUST_BE_GIVEN:
        raise UserError("This recipe goes on from trained weights, and none are given.", "Add init=CHECKPOINT.")
    if not init or init.startswith(TIMM):
        return None
    return load_checkpoint(find_weights(init))


def initialise(
    model: Network,
    init: str,
    labels: LabelSet,
    start: Checkpoint | None = None,
    adaptation: Adaptation = AS_RELEASED,
) -> str:
    """Put into `model` what `init` names; says in words, without paths, what that was. Raises UserError.

    init: "" for the random weights that are there; "starter", the checkpoint that ships; a path of a checkpoint;
    "timm:NAME", ImageNet weights of a DeiT or ViT (for a CNN, of its backbone) from the Hugging Face hub;
    "timm:NAME@FILE", the same from a file.
    Of a checkpoint's last layer come the rows of the labels that both have, by id. start: what `read_start` gave for
    `init`, where it has been read already.
    """
    start = _at_strides_of(model, start or read_start(init))
    if start is not None:
        n_shared = _take_checkpoint(model, start, labels, adaptation)
        of_head = {0: "without its last layer", len(labels): "its last layer too"}
        how_much = of_head.get(n_shared, f"its last layer for {n_shared} of {len(labels)} labels")
        new = model.state_dict().keys() - start.weights.keys()
        added = [words for part, words in ADDED.items() if any(name.startswith(part) for name in new)]
        return ", ".join([f"weights of {start.config.name}", how_much, *added])
    if not init:
        return "random weights"
    name, _, file = init.removeprefix(TIMM).partition("@")
    source = Path(file).expanduser() if file else None
    if isinstance(model, ConvolutionalTagger):
        model.backbone.load_state_dict(load_backbone_weights(name, source, model, adaptation.kernel_collapse))
    else:
        _take_vision(model, load_vision_weights(name, source, model.config), adaptation)
    return f"ImageNet weights of {name}, without its head"


def new_module_names(
    model: Network,
    init: str,
    labels: LabelSet,
    start: Checkpoint | None = None,
    adaptation: Adaptation = AS_RELEASED,
) -> tuple[str, ...]:
    """Names of the parameters that `initialise` has just left at random beside others that it has not; none where all
    are random. A last layer counts as new where `start` lacks one of the labels. All but model: as for
    `initialise`."""
    start = _at_strides_of(model, start or read_start(init))
    if start is None:
        new = (HEAD, *ADDED, *(["pos_embed"] if adaptation.new_positions else []))
        return tuple(name for name, _ in model.named_parameters() if init and name.startswith(new))
    has_all_labels = {label.id for label in labels} <= {label.id for label in start.config.labels}

    def is_new(name: str, parameter: Tensor) -> bool:
        theirs = start.weights.get(name)
        if theirs is not None and name in LAST_LAYERS:  # its rows may stand in another order
            return not has_all_labels
        return (
            theirs is None
            or parameter.shape != theirs.shape
            or not torch.equal(parameter.detach().cpu(), theirs.float())
        )

    return tuple(name for name, parameter in model.named_parameters() if is_new(name, parameter))


def _at_strides_of(model: Network, start: Checkpoint | None) -> Checkpoint | None:
    """`start` with the model's patch strides and its way of fitting positions to them, where both cut patches."""
    if start is None:
        return None
    mine, theirs = model.config, start.config.model
    if not isinstance(mine, TransformerConfig) or not isinstance(theirs, TransformerConfig):
        return start
    if mine.stem != "patch" or theirs.stem != "patch":
        return start
    fitted = replace(start.config, model=replace(theirs, positions=mine.positions))
    return with_strides(replace(start, config=fitted), mine.stride_mels, mine.stride_frames)


def _take_checkpoint(model: Network, start: Checkpoint, labels: LabelSet, adaptation: Adaptation) -> int:
    """All but the last layer; of that the rows of the labels that both have. Returns their number."""
    its_config = start.config.model
    mine = _without_added(replace(model.config, n_labels=its_config.n_labels), its_config)
    if mine != its_config:
        are_both = isinstance(mine, TransformerConfig) and isinstance(its_config, TransformerConfig)
        if are_both and replace(mine, hybrid=None) == replace(its_config, hybrid=None):
            problem = (
                f"The checkpoint {start.config.name} has other Conformers or channel attention than are asked for."
            )
            remedy = "Leave variant and what is said of Conformers and channel attention empty: it brings its own."
            raise UserError(problem, remedy)
        raise UserError(
            f"The checkpoint {start.config.name} was made from another architecture ({start.config.variant}).",
            "Leave the variant empty (variant=): the checkpoint then brings its own.",
        )
    # The architectures are the same but for the ADDED parts, so nothing else stays as it was made.
    own = model.state_dict()
    theirs = {name: one.float() if one.is_floating_point() else one for name, one in start.weights.items()}
    weights = {name: theirs.get(name, one) for name, one in own.items()}
    if adaptation.new_positions:
        weights["pos_embed"] = own["pos_embed"]
    place = {label.id: label.index for label in start.config.labels}
    # Left out is a head of another shape than the one that is asked for.
    shared = [label for label in labels if label.id in place and LAST_LAYERS[0] in theirs]
    for name in LAST_LAYERS:
        if name in own and name in theirs:
            rows = own[name].clone()
            rows[[label.index for label in shared]] = theirs[name][[place[label.id] for label in shared]]
            weights[name] = rows
    model.load_state_dict(weights)
    return len(shared)


def _without_added(mine: ModelConfig, theirs: ModelConfig) -> ModelConfig:
    """`mine` without those of the ADDED parts that `theirs` has not, and with all that no weight depends on."""
    if not isinstance(mine, TransformerConfig) or not isinstance(theirs, TransformerConfig):
        return mine
    hybrid = None if theirs.hybrid is None else mine.hybrid
    return replace(mine, hybrid=hybrid, frame_head=theirs.frame_head, positions=theirs.positions)


def _take_vision(model: AudioSpectrogramTransformer, weights: dict[str, Tensor], adaptation: Adaptation) -> None:
    """timm's names are ours; see the module's first lines for what changes.

    A ViT without distillation token gives a copy of its class token and of that one's position: their mean is then
    what its own head read, where a random one would halve it.
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
