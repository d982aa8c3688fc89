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

    variant: row of MODEL_VARIANTS. init: checkpoint to start from ("" for random weights); its head stays where the
    labels are the same. test_folds: held out and reported, never trained on; all others train.
    batch_size: clips. epochs: passes over the training clips. learning_rate: the highest, after `warmup_epochs`;
    then a half cosine down to 1 % of it. weight_decay: AdamW's. clip_norm: of the gradient.
    loss: "bce" (each label apart, sigmoid) or "ce" (one label a clip, softmax; mixup's soft targets kept).
    ema_decay: of the averaged weights that are evaluated and shipped. drop_path, patch_drop: see the model.
    lengths_s, length_weights: each batch draws one length; a length beyond a clip's own joins clips in sequence.
    mixup, mixup_alpha: share of clips mixed with another in the power domain, weight drawn from Beta(alpha, alpha).
    gain_db: a random gain from -gain_db to 0. noise_db: a noise floor, 15 to noise_db under the loudest frame.
    background: share of clips replaced by noise alone with no label, so that silence means nothing.
    tilt_db: random filter over frequency. warp_time, warp_mels: random stretch of time (share) and shift (bins).
    time_masks, freq_masks: widest SpecAugment masks, frames and bins; two of each.
    ramp_epochs: augmentation grows from none to full over the first epochs: a young transformer that sees only
    disfigured clips learns next to nothing from them.
    merge_r: tokens that each layer merges at the full window, fewer for shorter input: the checkpoint's default
    schedule. Training itself merges nothing; the held-out clips are scored with and without.
    licence: of the data as a whole, limits: of the model, in words for its card.
    evaluate_every: epochs. precision: autocast type. threads: for the CPU, 0 means all cores. seed: of all chance.
    """

    name: str
    title: str
    variant: str
    init: str = ""
    test_folds: tuple[str, ...] = ("5",)
    batch_size: int = 32
    epochs: int = 50
    learning_rate: float = 1e-3
    warmup_epochs: float = 3.0
    weight_decay: float = 0.05
    clip_norm: float = 5.0
    loss: Literal["bce", "ce"] = "bce"
    ema_decay: float = 0.998
    drop_path: float = 0.0
    patch_drop: float = 0.0
    lengths_s: tuple[float, ...] = (5.0,)
    length_weights: tuple[float, ...] = (1.0,)
    mixup: float = 0.0
    mixup_alpha: float = 0.4
    gain_db: float = 0.0
    noise_db: float = 0.0
    background: float = 0.0
    tilt_db: float = 0.0
    warp_time: float = 0.0
    warp_mels: float = 0.0
    time_masks: int = 0
    freq_masks: int = 0
    ramp_epochs: float = 0.0
    merge_r: int = 0
    evaluate_every: int = 5
    licence: str = ""
    limits: str = ""
    precision: Literal["fp32", "bf16"] = "bf16"
    threads: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        find_variant(self.variant)
        _refuse(self.loss not in ("bce", "ce"), f"loss = {self.loss!r} is not known", "bce or ce")
        _refuse(self.precision not in ("fp32", "bf16"), f"precision = {self.precision!r} is not known", "fp32 or bf16")
        _refuse(
            self.loss == "ce" and self.background > 0,
            "cross-entropy cannot learn clips without a label",
            "loss = bce, or background = 0",
        )
        _refuse(not self.test_folds, "test_folds is empty", "at least one fold")
        _refuse(
            not self.lengths_s or len(self.lengths_s) != len(self.length_weights),
            "lengths_s and length_weights differ in number, or are empty",
            "one weight for each length",
        )
        _refuse(
            min(self.lengths_s) < 0.5 or max(self.lengths_s) > 10.24,
            "lengths_s lie outside 0.5 to 10.24 s",
            "lengths the model can take",
        )
        _refuse(min(self.batch_size, self.epochs, self.evaluate_every) < 1, "a count is under 1", "1 or more")
        _refuse(not 0 < self.learning_rate < 1, f"learning_rate = {self.learning_rate} makes no sense", "about 0.001")
        _refuse(self.mixup_alpha <= 0, f"mixup_alpha = {self.mixup_alpha} has no distribution", "0.1 to 10")
        _refuse(self.merge_r < 0, f"merge_r = {self.merge_r} is negative", "0 or more")
        _refuse(not 0 <= self.mixup <= 1, f"mixup = {self.mixup} lies outside 0 to 1", "a share")
        shares = (self.background, self.drop_path, self.patch_drop, self.warp_time, self.ema_decay)
        _refuse(any(not 0 <= share < 1 for share in shares), "a share lies outside 0 to 1", "0 or more, under 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for comparing two runs."""
        return asdict(self)


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
    missing = {"variant"} - raw.keys()
    if missing:
        raise UserError(f"{path.name} does not say its {', '.join(missing)}.", "Add that line.")
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
        return tuple(_scalar(key, part, type(default[0]), where) for part in parts)
    return _scalar(key, value, type(default), where)


def _scalar(key: str, value: Any, kind: type[Any], where: str) -> Any:
    try:
        if kind is int and isinstance(value, float):
            raise ValueError("not a whole number")
        if kind is str and not isinstance(value, str | int):
            raise ValueError("no text")
        return kind(value)
    except (ValueError, TypeError) as error:
        problem = f"{where} sets {key} to {value!r}, which is of the wrong kind ({kind.__name__} is wanted)."
        raise UsageError(problem, "Correct that value.") from error


def _refuse_unknown(keys: Any, where: str) -> None:
    known = {one.name for one in fields(TrainConfig)}
    unknown = sorted(set(keys) - known)
    if unknown:
        problem = f"{where} sets {', '.join(unknown)}, which no recipe has."
        raise UsageError(problem, f"Known: {', '.join(sorted(known))}.")
