"""Converts the weights that AST's authors published (`.pth`), working out the architecture from their shapes.

Names are timm's behind `v.`, with or without DataParallel's `module.`; DeiT's two heads are included but unused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.import_choices import ImportChoices, fitting_labels
from core.model.checkpoints.known_data_sets import (
    AUDIOSET,
    KNOWN_DATA_SETS,
    KnownDataSet,
    data_set_with,
    unnamed_labels,
)
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel
from core.model.variants import MODEL_VARIANTS

N_MELS = 128
HEAD_WIDTH = 64
"""Channels of an attention head in every DeiT, and hence in every AST."""
_UNUSED = ("v.head.", "v.head_dist.")
_NEEDED = {
    "cls_token": 3,
    "dist_token": 3,
    "pos_embed": 3,
    "patch_embed.proj.weight": 4,
    "blocks.0.mlp.fc1.weight": 2,
    "norm.weight": 1,
    "mlp_head.1.weight": 2,
}
"""The weights that determine the architecture, and how many dimensions each has."""
_BASE_WIDTH, _BASE_DEPTH = 768, 12
"""Of every published AST."""
_WINDOWS = tuple(data_set.frames for data_set in KNOWN_DATA_SETS)
_GRID_REMEDY = "State its strides and window: soundmark models import FILE --stride MELSxFRAMES --frames N"


def is_released(weights: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of a published AST: a vision transformer behind `v.`."""
    return any(_plain(name).startswith("v.") for name in weights)


def read_released(weights: Mapping[str, Tensor], file_name: str, choices: ImportChoices) -> Checkpoint:
    """The checkpoint made of published weights. Raises UserError where their shapes are ambiguous or wrong."""
    used = own_weights(weights, file_name)
    model = architecture_of(used, file_name, choices)
    data_set, row = data_set_of(model), row_of(file_name, model)
    config = CheckpointConfig(
        name=choices.name or (row.title if row else file_name.rpartition(".")[0] or file_name),
        variant=variant_of(model),
        model=model,
        log_mel=front_end_of(model),
        labels=fitting_labels(choices.labels, model.n_labels) or labels_of(model),
        thresholds=((data_set.threshold if data_set else 0.5),) * model.n_labels,
        pad_to_window=True,
        activation="sigmoid" if data_set is None or data_set.has_bce else "softmax",
        provenance={"source": row.file if row else file_name, **published_provenance(row)},
    )
    return Checkpoint(config, used)


def own_weights(weights: Mapping[str, Tensor], file_name: str) -> dict[str, Tensor]:
    """The weights by Soundmark's names, without those that AST does not use. Raises UserError if some are missing."""
    plain = {_plain(name): tensor for name, tensor in weights.items()}
    if "mask_embed" in plain or any(name.startswith(("cpredlayer", "gpredlayer")) for name in plain):
        raise UserError(
            f"{file_name} is an SSAST that was pre-trained only: it has no labels.",
            "Choose one that was fine-tuned and saved without its pre-training layers.",
        )
    used = {name.removeprefix("v."): tensor for name, tensor in plain.items() if not name.startswith(_UNUSED)}
    missing = [name for name in _NEEDED if name not in used]
    if missing:
        raise UserError(
            f"{file_name} is a vision transformer but not an AST: it has no {', '.join(missing[:3])}.",
            "Choose an AST checkpoint with class and distillation tokens, blocks and classification layer.",
        )
    odd = [name for name, n in _NEEDED.items() if used[name].ndim != n or not used[name].numel()]
    if odd:
        raise UserError(
            f"{odd[0]} in {file_name} has shape {tuple(used[odd[0]].shape)}, which no AST has.",
            "Choose an AST checkpoint.",
        )
    return used


def architecture_of(weights: Mapping[str, Tensor], file_name: str, choices: ImportChoices) -> TransformerConfig:
    """The architecture, from the shapes of `own_weights`. Raises UserError where they do not determine it."""
    kernel = weights["patch_embed.proj.weight"]
    width, n_colours = kernel.shape[:2]
    if n_colours != 1:
        raise UserError(
            f"{file_name} expects images with {n_colours} colour channels: it is an ImageNet model.",
            "Start a training from it instead, with init=timm:NAME@FILE.",
        )
    if width % HEAD_WIDTH:
        raise UserError(
            f"{file_name} is {width} wide, which is not a multiple of {HEAD_WIDTH}.", "Choose an AST checkpoint."
        )
    depth = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    patch = (kernel.shape[2], kernel.shape[3])
    model = TransformerConfig(
        n_labels=weights["mlp_head.1.weight"].shape[0],
        n_mels=N_MELS,
        patch_mels=patch[0],
        patch_frames=patch[1],
        embed_dim=width,
        depth=depth,
        num_heads=width // HEAD_WIDTH,
        mlp_ratio=ratio_of(weights["blocks.0.mlp.fc1.weight"].shape[0], width),
    )
    return _with_grid(model, weights["pos_embed"].shape[1] - 2, file_name, choices)


def row_of(file_name: str, model: ModelConfig) -> PublishedModel | None:
    """The published model whose file has that name, if `model` has its architecture."""
    return next((row for row in PUBLISHED_MODELS if row.file == file_name and fits_row(row, model)), None)


def fits_row(row: PublishedModel, model: ModelConfig) -> bool:
    """Whether the published model has this architecture: an AST of base size with its labels, strides and window.
    Several rows may share one."""
    if not isinstance(model, TransformerConfig):
        return False
    return model == replace(_row_model(row), norm_eps=model.norm_eps, head_norm_eps=model.head_norm_eps)


def published_provenance(row: PublishedModel | None) -> dict[str, object]:
    """What is known about a published model, for its checkpoint's provenance."""
    if row is None:
        return {"thresholds_from": "none", "metrics": {}}
    return {
        "published": row.name,
        "data": row.data_set,
        "licence": row.licence,
        "paper": "Gong et al., arXiv:2104.01778",
        "metrics": {row.metric: row.score},
        "thresholds_from": "none",
    }


def variant_of(model: TransformerConfig) -> str:
    """The name of the matching variant, whatever the labels, window and eps of the norms; "ast" if there is none."""
    for row in MODEL_VARIANTS.values():
        if isinstance(row.model, TransformerConfig):
            like = replace(row.model, n_labels=model.n_labels, max_frames=model.max_frames)
            if replace(like, norm_eps=model.norm_eps, head_norm_eps=model.head_norm_eps) == model:
                return row.name
    return "ast"


def data_set_of(config: TransformerConfig) -> KnownDataSet | None:
    """The data set that a published model of this architecture was trained on, by its labels and window."""
    found = data_set_with(config.n_labels)
    return found if found is not None and (found is AUDIOSET or found.frames == config.max_frames) else None


def labels_of(config: TransformerConfig) -> LabelSet:
    """The labels of the data set with that many of them; "Class 0" and so on if there is none."""
    found = data_set_with(config.n_labels)
    return unnamed_labels(config.n_labels) if found is None else found.labels()


def front_end_of(config: TransformerConfig) -> LogMelConfig:
    """The front end with the statistics of the data set; AudioSet's if it is unknown, as in the released code."""
    data_set = data_set_of(config) or AUDIOSET
    return LogMelConfig(n_mels=config.n_mels, mean=data_set.mean, std=data_set.std)


def ratio_of(hidden: int, width: int) -> float:
    """The ratio for which `int(width * ratio)` is `hidden`, despite rounding."""
    ratio = hidden / width
    return ratio if int(width * ratio) == hidden else math.nextafter(ratio, math.inf)


def _plain(name: str) -> str:
    return name.removeprefix("module.")


def _row_model(row: PublishedModel) -> TransformerConfig:
    data_set = next(known for known in KNOWN_DATA_SETS if row.data_set.startswith(known.name))
    return TransformerConfig(
        n_labels=data_set.n_labels,
        n_mels=N_MELS,
        max_frames=row.frames,
        stride_mels=row.strides[0],
        stride_frames=row.strides[1],
        embed_dim=_BASE_WIDTH,
        depth=_BASE_DEPTH,
        num_heads=_BASE_WIDTH // HEAD_WIDTH,
    )


def _with_grid(model: TransformerConfig, n_patches: int, file_name: str, choices: ImportChoices) -> TransformerConfig:
    """`model` with strides and window: those of the file's row in the table if everything fits it, else those of the
    only grid with that many patches. Raises UserError."""
    row = next((row for row in PUBLISHED_MODELS if row.file == file_name), None)
    if row is not None and choices.strides is None and choices.frames is None:
        like = replace(model, max_frames=row.frames, stride_mels=row.strides[0], stride_frames=row.strides[1])
        if like == _row_model(row) and like.n_patches(row.frames) == n_patches:
            return like
    fitting = sorted(set(_fitting(n_patches, (model.patch_mels, model.patch_frames), choices)))
    if len(fitting) == 1:
        (mels, frames), window = fitting[0]
        return replace(model, max_frames=window, stride_mels=mels, stride_frames=frames)
    if not fitting:
        raise UserError(f"No known window and stride give the {n_patches} patches of {file_name}.", _GRID_REMEDY)
    listed = " or ".join(f"{mels}x{frames} with {window} frames" for (mels, frames), window in fitting)
    raise UserError(f"The {n_patches} patches of {file_name} may come from strides of {listed}.", _GRID_REMEDY)


def _fitting(n_patches: int, patch: tuple[int, int], choices: ImportChoices) -> Iterator[tuple[tuple[int, int], int]]:
    """((mel stride, frame stride), frames) of every grid with `n_patches` patches; equal strides unless chosen."""
    largest = min(16, max(patch))
    for strides in [choices.strides] if choices.strides else [(stride, stride) for stride in range(1, largest + 1)]:
        rows = (N_MELS - patch[0]) // strides[0] + 1
        if rows < 1:
            continue
        windows = (choices.frames,) if choices.frames else _WINDOWS
        exact = [frames for frames in windows if rows * ((frames - patch[1]) // strides[1] + 1) == n_patches]
        if not exact and choices.strides and not choices.frames and n_patches % rows == 0:
            exact = [(n_patches // rows - 1) * strides[1] + patch[1]]  # the shortest window with that many columns
        yield from ((strides, frames) for frames in exact)
