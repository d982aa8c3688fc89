"""A recipe as data: a TOML file becomes a frozen TrainConfig. Contradictions are refused here, before anything runs."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import UsageError, UserError
from core.model.variants import find_variant

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that decides a training run but the data's place and the output folder.

    Start. variant: row of MODEL_VARIANTS, "" for that of the checkpoint in init. init: "" for random weights,
    "starter", a checkpoint, or "timm:NAME" for ImageNet weights (see `initialisation`). freeze: the backbone stays as
    it is, a new head alone is trained.

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
    softmax; mixup's soft targets kept). ema_decay: of the averaged weights; average_epochs: (first, last) epoch whose
    weights are averaged plainly in place of it. drop_path, patch_drop: see the model. merge_r_training: tokens each
    layer merges in training. precision: autocast type.

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
    default schedule. licence: of the data as a whole, limits: of the model, in words for its card.

    Running. evaluate_every: epochs. save_every_s: seconds between state files. workers: processes that prepare
    batches, 0 for none. threads: for the CPU, 0 means all cores. seed: of all chance.
    """

    name: str
    title: str
    variant: str
    summary: str = ""
    init: str = ""
    freeze: bool = False

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
    ema_decay: float = 0.998
    average_epochs: tuple[int, ...] = ()
    drop_path: float = 0.0
    patch_drop: float = 0.0
    merge_r_training: int = 0
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"

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
    licence: str = ""
    limits: str = ""

    evaluate_every: int = 5
    save_every_s: float = 120.0
    workers: int = 0
    threads: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.variant:
            find_variant(self.variant)
        _refuse(
            not self.variant and (not self.init or self.init.startswith("timm:")),
            "it names neither a variant nor a checkpoint to start from",
            "variant = ast-tiny-16, or init = starter",
        )
        for field, choices in CHOICES.items():
            value = getattr(self, field)
            _refuse(value not in choices, f"{field} = {value!r} is not known", " or ".join(choices))
        self._refuse_wrong_numbers()
        _refuse(
            self.loss == "ce" and self.background > 0,
            "cross-entropy cannot learn clips without a label",
            "loss = bce, or background = 0",
        )
        _refuse(
            self.loss == "ce" and self.overlay > 0,
            "cross-entropy knows one label a clip, and an overlay has two",
            "loss = bce, or mixup in place of overlay",
        )
        _refuse(
            not self.lengths_s or len(self.lengths_s) != len(self.length_weights),
            "lengths_s and length_weights differ in number, or are empty",
            "one weight for each length",
        )
        _refuse(
            bool(set(self.test_folds) & set(self.validation_folds)),
            "a fold is both in test_folds and in validation_folds",
            "each fold for one of them",
        )
        _refuse(
            self.select == "best" and not (self.validation_folds or self.validation_share),
            "the best epoch is chosen on validation clips, and there are none",
            "select = last, or a validation_share",
        )
        _refuse(len(self.betas) != 2, "betas are two numbers", "such as betas = 0.9,0.98")
        first_and_last = self.average_epochs
        _refuse(
            bool(first_and_last) and not (len(first_and_last) == 2 and 1 <= first_and_last[0] <= first_and_last[1]),
            f"average_epochs = {list(first_and_last)} is no range",
            "the first and the last epoch to average",
        )
        _refuse(
            bool(first_and_last) and (first_and_last[1] > self.epochs or self.select == "best"),
            "average_epochs go beyond the last epoch, or stand beside select = best",
            "epochs that there are, and one way of choosing weights",
        )

    def _refuse_wrong_numbers(self) -> None:
        _refuse(
            min(self.lengths_s, default=1.0) < 0.5 or max(self.lengths_s, default=1.0) > 10.24,
            "lengths_s lie outside 0.5 to 10.24 s",
            "lengths the model can take",
        )
        counts = (self.batch_size, self.epochs, self.evaluate_every, self.accumulate, self.clips_per_label)
        _refuse(min(*counts, self.masks_each) < 1, "a count is under 1", "1 or more")
        _refuse(
            self.batch_size % self.accumulate != 0,
            f"batch_size = {self.batch_size} does not divide into {self.accumulate} parts",
            "a batch_size that is a multiple of accumulate",
        )
        _refuse(not 0 < self.learning_rate < 1, f"learning_rate = {self.learning_rate} makes no sense", "about 0.001")
        _refuse(self.mixup_alpha <= 0, f"mixup_alpha = {self.mixup_alpha} has no distribution", "0.1 to 10")
        for field in (
            "merge_r",
            "merge_r_training",
            "clip_norm",
            "time_budget_min",
            "workers",
            "threads",
            "overlay_db",
        ):
            value = getattr(self, field)
            _refuse(value < 0, f"{field} = {value} is negative", "0 or more")
        _refuse(not 0 <= self.mixup <= 1, f"mixup = {self.mixup} lies outside 0 to 1", "a share")
        shares = (self.background, self.drop_path, self.patch_drop, self.warp_time, self.ema_decay, *self.betas)
        shares = (*shares, self.overlay, self.lowpass, self.validation_share)
        _refuse(any(not 0 <= share < 1 for share in shares), "a share lies outside 0 to 1", "0 or more, under 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for comparing two runs."""
        return asdict(self)


CHOICES = {
    "loss": ("bce", "ce"),
    "precision": ("fp32", "bf16", "fp16"),
    "select": ("last", "best"),
    "sampler": ("shuffle", "weighted", "capped"),
    "schedule": ("cosine", "step"),
    "warmup_kind": ("linear", "ast"),
    "optimiser": ("adamw", "adam"),
    "mask_fill": ("mean", "zero"),
}
"""The words that a setting may be."""
_KIND_OF_PARTS: dict[str, type[Any]] = {"decay_after": int, "average_epochs": int}
"""Of the lists that are empty unless a recipe says otherwise."""

DEFAULTS: dict[str, Any] = {one.name: "" if one.default is MISSING else one.default for one in fields(TrainConfig)}


def _refuse(wrong: bool, problem: str, remedy: str) -> None:
    if wrong:
        raise UsageError(f"The recipe contradicts itself: {problem}.", f"Use {remedy}.")


def load_recipe(recipe: str, overrides: list[str] | None = None) -> TrainConfig:
    """Read a recipe by name (training/recipes) or path, and apply `KEY=VALUE` overrides. Raises UserError."""
    path = Path(recipe) if recipe.endswith(".toml") else RECIPES / f"{recipe}.toml"
    if not path.is_file():
        names = ", ".join(sorted(one.stem for one in RECIPES.glob("*.toml")))
        raise UsageError(f"There is no recipe {recipe!r}.", f"Choose one of {names}, or give the path of a .toml file.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
    return _scalar(key, value, type(default), where)


def _scalar(key: str, value: Any, kind: type[Any], where: str) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        if kind is int and isinstance(value, float):
            raise ValueError("not a whole number")
        if kind is str and not isinstance(value, str | int):
            raise ValueError("no text")
        return kind(value)
    except (ValueError, TypeError, KeyError) as error:
        problem = f"{where} sets {key} to {value!r}, which is of the wrong kind ({kind.__name__} is wanted)."
        raise UsageError(problem, "Correct that value.") from error


def _refuse_unknown(keys: Any, where: str) -> None:
    known = {one.name for one in fields(TrainConfig)}
    unknown = sorted(set(keys) - known)
    if unknown:
        problem = f"{where} sets {', '.join(unknown)}, which no recipe has."
        raise UsageError(problem, f"Known: {', '.join(sorted(known))}.")
