"""A recipe as data: a TOML file becomes a frozen TrainConfig. Contradictions are refused here, before anything runs."""

from __future__ import annotations

import os
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml
from training.config.checks import refuse_contradictions

RECIPES = Path(__file__).parents[1] / "recipes"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that decides a training run but the data's place and the output folder.

    Start. variant: row of MODEL_VARIANTS, "" for that of the checkpoint in init. init: "" for random weights,
    "starter", a checkpoint, or "timm:NAME" for ImageNet weights (see `initialisation`). freeze: the backbone stays as
    it is, a new head alone is trained: the last layer, or with a frame_loss the frame head beside it. strides: (mels,
    frames) from patch to patch, in place of the variant's or checkpoint's. positions: "bilinear" as published or
    "nearest" where they are stretched or fitted to other strides, "random" to begin them anew, "" for what variant or
    checkpoint have. pooling, head, norm_eps: what the head reads, whether it is "norm" and linear layer or "linear"
    alone, and the eps of every LayerNorm (see `TransformerConfig`); "" and 0 for what variant or checkpoint have.
    kernel_collapse: one kernel of ImageNet's three by their "sum", as released, or "average", as the paper's text has
    it. mel_window: of the log-mel, "hanning" as released or "hamming" as in the text, "" for the checkpoint's or
    hanning. conformers, channel_attention, conformer_axis, conformer_width: what HAM-AST puts behind the transformer
    (see `HybridConfig`); None and "" for what variant or checkpoint have there.

    Data. collection: name of a list in training/collections that joins several sets. test_folds: held out and
    reported, never trained on. validation_folds, or validation_share of the training recordings: choose the epoch,
    thresholds and calibration. select: "last" epoch or "best" on the validation clips.
    mean, std: normalisation of the raw log-mel; std = 0 takes the checkpoint's, or measures the training clips.
    sampler: "shuffle" takes every clip once an epoch; "weighted" draws with replacement by inverse label count (AST);
    "capped" takes each clip at most once, and at most about clips_per_label of a label.

    Optimisation. batch_size: clips of an update, over all processes, in `accumulate` parts. epochs: passes over the
    training clips; time_budget_min: fits `epochs` to so many minutes (0: as they stand). learning_rate: the
    highest; new_rate_factor: times more for modules that start at random. schedule: "cosine" down to 1 %, or "step":
    times decay_factor after the end of the epochs decay_after. warmup_epochs of linear warm-up, or warmup_kind "ast":
    as released, over 1000 steps. optimiser: "adamw", or "adam" with L2 as released; betas, weight_decay: its own.
    clip_norm: of the gradient, 0 for none. loss: "bce" (each label apart, sigmoid) or "ce" (one label a clip,
    softmax; mixup's soft targets kept). frame_loss: weight of the frame head's loss (see `frame_head`) beside it; 0
    leaves that head out. ema_decay: of the averaged weights; average_epochs: (first, last) epoch whose
    weights are averaged plainly in place of it. drop_path: see the model. patch_drop, row_drop, column_drop: shares of
    the patches, and of their rows and columns, left out (see `core.model.networks.patchout`). merge_r_training: tokens
    each layer merges in training. precision: autocast type. teacher: checkpoints, by path or name, whose answers to the
    same batch are learnt beside the labels; label_weight: the labels' share of what is learnt; teacher_temperature:
    what the teachers' logits are divided by (see `distillation`).

    Sound. lengths_s, length_weights: each batch draws one length; a length beyond a clip's own joins clips.
    mixup, mixup_alpha: share of clips mixed with another in the power domain, weight drawn from Beta(alpha, alpha),
    mixup_fold: the clip itself keeps the greater weight. overlay, overlay_db: share of clips that get another one laid
    over them, up to overlay_db softer, with the labels of both. gain_db: a random gain from -gain_db to 0.
    noise_db: a noise floor, 15 to noise_db under the loudest frame. background: share of clips replaced by noise
    alone with no label, so that silence means nothing. tilt_db: random filter over frequency. lowpass: share of clips
    that lose their high frequencies. warp_time, warp_mels: random stretch of time (share) and shift (bins).
    time_masks, freq_masks: widest SpecAugment masks, frames and bins; masks_each of each, filled with the "mean" or
    with raw "zero" as released. cell_noise: see `augment.cell_noise`. roll_frames: most frames to roll, -1 anywhere.
    ramp_epochs: augmentation grows from none to full over the first epochs: a young transformer that sees only
    disfigured clips learns next to nothing from them.

    Result. merge_r: tokens that each layer merges at the full window, fewer for shorter input: the checkpoint's
    default schedule. merge_kind: "constant", or "decreasing" from 2r in the first layer to 0 in the last, and matcher:
    which tokens join which (see `MergeSchedule`); both hold for merge_r_training too. licence: of the data as a whole,
    limits: of the model, in words for its card.

    Running. evaluate_every: epochs. save_every_s: seconds between state files. workers: processes that prepare
    batches, 0 for none. threads: for the CPU, 0 means all cores. seed: of all chance.
    """

    name: str
    title: str
    variant: str
    summary: str = ""
    init: str = ""
    freeze: bool = False
    strides: tuple[int, ...] = ()
    positions: Literal["", "bilinear", "nearest", "random"] = ""
    pooling: Literal["", "class_tokens", "class", "mean"] = ""
    head: Literal["", "norm", "linear"] = ""
    norm_eps: float = 0.0
    kernel_collapse: Literal["sum", "average"] = "sum"
    mel_window: Literal["", "hanning", "hamming"] = ""
    conformers: int | None = None
    channel_attention: bool | None = None
    conformer_axis: Literal["", "time", "sequence", "grid"] = ""
    conformer_width: int | None = None

    collection: str = ""
    test_folds: tuple[str, ...] = ("5",)
    validation_folds: tuple[str, ...] = ()
    validation_share: float = 0.0
    select: Literal["last", "best"] = "last"
    mean: float = 0.0
    std: float = 0.0
    sampler: Literal["shuffle", "weighted", "capped"] = "shuffle"
    clips_per_label: int = 60

    batch_size: int = 32
    accumulate: int = 1
    epochs: int = 50
    time_budget_min: float = 0.0
    learning_rate: float = 1e-3
    new_rate_factor: float = 1.0
    schedule: Literal["cosine", "step"] = "cosine"
    decay_factor: float = 0.5
    decay_after: tuple[int, ...] = ()
    warmup_epochs: float = 3.0
    warmup_kind: Literal["linear", "ast"] = "linear"
    optimiser: Literal["adamw", "adam"] = "adamw"
    betas: tuple[float, ...] = (0.9, 0.98)
    weight_decay: float = 0.05
    clip_norm: float = 5.0
    loss: Literal["bce", "ce"] = "bce"
    frame_loss: float = 0.0
    ema_decay: float = 0.998
    average_epochs: tuple[int, ...] = ()
    drop_path: float = 0.0
    patch_drop: float = 0.0
    row_drop: float = 0.0
    column_drop: float = 0.0
    merge_r_training: int = 0
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    teacher: tuple[str, ...] = ()
    label_weight: float = 0.5
    teacher_temperature: float = 1.0

    lengths_s: tuple[float, ...] = (5.0,)
    length_weights: tuple[float, ...] = (1.0,)
    mixup: float = 0.0
    mixup_alpha: float = 0.4
    mixup_fold: bool = True
    overlay: float = 0.0
    overlay_db: float = 10.0
    gain_db: float = 0.0
    noise_db: float = 0.0
    background: float = 0.0
    tilt_db: float = 0.0
    lowpass: float = 0.0
    warp_time: float = 0.0
    warp_mels: float = 0.0
    time_masks: int = 0
    freq_masks: int = 0
    masks_each: int = 2
    mask_fill: Literal["mean", "zero"] = "mean"
    cell_noise: float = 0.0
    roll_frames: int = -1
    ramp_epochs: float = 0.0

    merge_r: int = 0
    merge_kind: Literal["constant", "decreasing"] = "constant"
    matcher: Literal["bipartite", "energy"] = "bipartite"
    licence: str = ""
    limits: str = ""

    evaluate_every: int = 5
    save_every_s: float = 120.0
    workers: int = 0
    threads: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_contradictions(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for comparing two runs."""
        return asdict(self)


_KIND_OF_PARTS: dict[str, type[Any]] = {"decay_after": int, "average_epochs": int, "strides": int}
"""Of the lists that are empty unless a recipe says otherwise."""
_KIND_IF_SET: dict[str, type[Any]] = {"conformers": int, "channel_attention": bool, "conformer_width": int}
"""Of what is as variant or checkpoint have it unless a recipe says otherwise; an empty word leaves it so."""

DEFAULTS: dict[str, Any] = {one.name: "" if one.default is MISSING else one.default for one in fields(TrainConfig)}

OF_NO_WEIGHT = (
    *("init", "teacher", "title", "summary", "threads", "merge_r", "licence", "limits"),
    *("evaluate_every", "save_every_s", "workers", "time_budget_min"),
)
"""Settings that a run may change when it is resumed: they have no part in what is still to come."""


def load_recipe(recipe: str, overrides: list[str] | None = None) -> TrainConfig:
    """Read a recipe by name (training/recipes) or path, and apply `KEY=VALUE` overrides. Raises UserError."""
    path = Path(recipe) if recipe.endswith(".toml") else RECIPES / f"{recipe}.toml"
    if not os.path.isfile(path):
        names = ", ".join(sorted(one.stem for one in RECIPES.glob("*.toml")))
        raise UsageError(f"There is no recipe {recipe!r}.", f"Choose one of {names}, or give the path of a .toml file.")
    try:
        raw = parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error
    raw.setdefault("name", path.stem)
    raw.setdefault("title", path.stem)
    _refuse_unknown(raw.keys(), path.name)
    if "variant" not in raw:
        raise UserError(f"{path.name} does not say its variant.", "Add that line.")
    config = TrainConfig(**{key: _of_its_kind(key, value, path.name) for key, value in raw.items()})
    changes = dict(_split_setting(item) for item in overrides or [])
    _refuse_unknown(changes, "The command line")
    return replace(config, **{key: _of_its_kind(key, value, "The command line") for key, value in changes.items()})


def _split_setting(item: str) -> tuple[str, Any]:
    """`KEY=VALUE` to key and value; VALUE is read as TOML would, a list may go without brackets."""
    key, equals, text = item.partition("=")
    if not equals:
        raise UsageError(f"{item!r} is no setting.", "Write KEY=VALUE, such as epochs=10.")
    return key, text.split(",") if isinstance(DEFAULTS.get(key), tuple) else text


def _of_its_kind(key: str, value: Any, where: str) -> Any:
    """`value` as the type of the field `key`: whole numbers stay whole, words of the command line become numbers."""
    default = DEFAULTS[key]
    if isinstance(default, tuple):
        parts = value if isinstance(value, list) else [value]
        kind = type(default[0]) if default else _KIND_OF_PARTS.get(key, str)
        return tuple(_scalar(key, part, kind, where) for part in parts if part != "")
    if default is None:
        return None if value == "" else _scalar(key, value, _KIND_IF_SET[key], where)
    return _scalar(key, value, type(default), where)


def _scalar(key: str, value: Any, kind: type[Any], where: str) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        if (kind in (int, float) and isinstance(value, bool)) or (kind is int and isinstance(value, float)):
            raise ValueError("not a whole number")
        if kind is str and not isinstance(value, str | int):
            raise ValueError("no text")
        return kind(value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        problem = f"{where} sets {key} to {str(value)[:60]!r}, which is of the wrong kind ({kind.__name__} is wanted)."
        raise UsageError(problem, "Correct that value.") from error


def _refuse_unknown(keys: Any, where: str) -> None:
    known = {one.name for one in fields(TrainConfig)}
    unknown = sorted(set(keys) - known)
    if unknown:
        problem = f"{where} sets {', '.join(unknown)}, which no recipe has."
        raise UsageError(problem, f"Known: {', '.join(sorted(known))}.")
