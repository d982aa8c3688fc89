"""What a model starts from: chance, one of our checkpoints, or ImageNet weights of a timm ViT. Knows no data.

ImageNet weights are fitted as AST does it (Gong et al., arXiv:2104.01778, §2.2, and the released code): the patch
kernel's three colours are summed (the paper's text says averaged), the square grid of positions is cut or stretched
to ours, and the head is dropped.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from core.errors import UserError
from core.labels import LabelSet
from core.model.checkpoint import Checkpoint, load_checkpoint
from core.model.positions import fit_positions
from core.model.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from core.model.variants import find_variant
from training.vision_weights import load_vision_weights

STARTER = "starter"
MUST_BE_GIVEN = "required"
"""A recipe's `init` when it makes no sense without weights and ships none."""
TIMM = "timm:"
HEAD = "mlp_head."


def read_start(init: str) -> Checkpoint | None:
    """The checkpoint that `init` names: "starter" or a path; None for "" and "timm:…". Raises UserError."""
    if init == MUST_BE_GIVEN:
        raise UserError("This recipe goes on from trained weights, and none are given.", "Add init=CHECKPOINT.")
    if not init or init.startswith(TIMM):
        return None
    shipped = find_variant(STARTER).weights
    assert shipped is not None, "the starter ships with its weights"
    return load_checkpoint(shipped if init == STARTER else Path(init).expanduser())


def initialise(model: AudioSpectrogramTransformer, init: str, labels: LabelSet, start: Checkpoint | None = None) -> str:
    """Put into `model` what `init` names; says in words, without paths, what that was. Raises UserError.

    init: "" for the random weights that are there; "starter", the checkpoint that ships; a path of a checkpoint;
    "timm:NAME", ImageNet weights of a DeiT or ViT from the Hugging Face hub; "timm:NAME@FILE", the same from a file.
    Of a checkpoint's last layer come the rows of the labels that both have, by id. start: what `read_start` gave for
    `init`, where it has been read already.
    """
    start = start or read_start(init)
    if start is not None:
        n_shared = _take_checkpoint(model, start, labels)
        of_head = {0: "without its last layer", len(labels): "its last layer too"}
        how_much = of_head.get(n_shared, f"its last layer for {n_shared} of {len(labels)} labels")
        return f"weights of {start.config.name}, {how_much}"
    if not init:
        return "random weights"
    name, _, file = init.removeprefix(TIMM).partition("@")
    _take_vision(model, load_vision_weights(name, Path(file).expanduser() if file else None, model.config))
    return f"ImageNet weights of {name}, without its head"


def new_module_names(model: AudioSpectrogramTransformer, init: str, start: Checkpoint | None = None) -> tuple[str, ...]:
    """Names of the parameters that `initialise` has just left at random beside others that it has not; none where all
    are random. A last layer of which only some rows were taken counts as new. start: as for `initialise`."""
    start = start or read_start(init)
    if start is None:
        return tuple(name for name, _ in model.named_parameters() if init and name.startswith(HEAD))
    return tuple(
        name
        for name, parameter in model.named_parameters()
        if parameter.shape != start.weights[name].shape
        or not torch.equal(parameter.detach().cpu(), start.weights[name].float())
    )


def _take_checkpoint(model: AudioSpectrogramTransformer, start: Checkpoint, labels: LabelSet) -> int:
    """All but the last layer; of that the rows of the labels that both have. Returns their number."""
    mine, theirs = model.config, start.config.model
    if replace(mine, n_labels=theirs.n_labels) != theirs:
        raise UserError(
            f"The checkpoint {start.config.name} was made from another architecture ({start.config.variant}).",
            "Leave the variant empty (variant=): the checkpoint then brings its own.",
        )
    weights = {name: one.float() if one.is_floating_point() else one for name, one in start.weights.items()}
    place = {label.id: label.index for label in start.config.labels}
    shared = [label for label in labels if label.id in place]
    for name in (f"{HEAD}1.weight", f"{HEAD}1.bias"):
        rows = model.state_dict()[name].clone()
        rows[[label.index for label in shared]] = weights[name][[place[label.id] for label in shared]]
        weights[name] = rows
    model.load_state_dict(weights)
    return len(shared)


def _take_vision(model: AudioSpectrogramTransformer, weights: dict[str, Tensor]) -> None:
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
    fitted = fit_positions(square, rows, columns).flatten(0, 1)
    kernel = weights["patch_embed.proj.weight"].sum(dim=1, keepdim=True)
    weights = {
        **weights,
        "pos_embed": torch.cat([positions[:, :N_PREFIX_TOKENS], fitted[None]], dim=1),
        "patch_embed.proj.weight": kernel,
    }
    own_head = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(HEAD)}
    model.load_state_dict({**weights, **own_head})
