"""What in a recipe contradicts itself, told before anything runs. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from core.model.variants import find_variant
from training.config.setting_bounds import refuse_out_of_bounds

if TYPE_CHECKING:
    from training.config.recipe import TrainConfig

CHOICES = {
    "loss": ("bce", "ce"),
    "precision": ("fp32", "bf16", "fp16"),
    "select": ("last", "best"),
    "sampler": ("shuffle", "weighted", "capped"),
    "schedule": ("cosine", "step"),
    "warmup_kind": ("linear", "ast"),
    "optimiser": ("adamw", "adam"),
    "mask_fill": ("mean", "zero"),
    "positions": ("", "bilinear", "nearest", "random"),
    "pooling": ("", "class_tokens", "class", "mean"),
    "head": ("", "norm", "linear"),
    "kernel_collapse": ("sum", "average"),
    "mel_window": ("", "hanning", "hamming"),
    "merge_kind": ("constant", "decreasing"),
    "matcher": ("bipartite", "energy"),
    "conformer_axis": ("", "time", "sequence", "grid"),
}
"""The words that a setting may be; "" leaves it to variant or checkpoint."""


def refuse_contradictions(config: TrainConfig) -> None:
    """Raises UsageError for a recipe that no run can follow."""
    if config.variant:
        find_variant(config.variant)
    _refuse(
        not config.variant and (not config.init or config.init.startswith("timm:")),
        "it names neither a variant nor a checkpoint to start from",
        "variant = ast-tiny-16, or init = starter",
    )
    for field, choices in CHOICES.items():
        value = getattr(config, field)
        _refuse(value not in choices, f"{field} = {value!r} is not known", " or ".join(filter(None, choices)))
    _refuse_wrong_numbers(config)
    _refuse(
        config.loss == "ce" and config.background > 0,
        "cross-entropy cannot learn clips without a label",
        "loss = bce, or background = 0",
    )
    _refuse(
        config.loss == "ce" and config.overlay > 0,
        "cross-entropy knows one label a clip, and an overlay has two",
        "loss = bce, or mixup in place of overlay",
    )
    _refuse(
        not config.lengths_s or len(config.lengths_s) != len(config.length_weights),
        "lengths_s and length_weights differ in number, or are empty",
        "one weight for each length",
    )
    _refuse(
        bool(set(config.test_folds) & set(config.validation_folds)),
        "a fold is both in test_folds and in validation_folds",
        "each fold for one of them",
    )
    _refuse(
        config.select == "best" and not (config.validation_folds or config.validation_share),
        "the best epoch is chosen on validation clips, and there are none",
        "select = last, or a validation_share",
    )
    _refuse(
        config.freeze and bool(config.pooling or config.head or config.norm_eps),
        "a frozen model keeps its pooling, its head's shape and its norms",
        "freeze = false, or neither pooling, head nor norm_eps",
    )
    _refuse_wrong_frame_head(config)
    _refuse_wrong_teaching(config)
    _refuse(len(config.betas) != 2, "betas are two numbers", "such as betas = 0.9,0.98")
    first_and_last = config.average_epochs
    _refuse(
        bool(first_and_last) and not (len(first_and_last) == 2 and 1 <= first_and_last[0] <= first_and_last[1]),
        f"average_epochs = {list(first_and_last)} is no range",
        "the first and the last epoch to average",
    )
    _refuse(
        bool(first_and_last) and (first_and_last[1] > config.epochs or config.select == "best"),
        "average_epochs go beyond the last epoch, or stand beside select = best",
        "epochs that there are, and one way of choosing weights",
    )
    refuse_out_of_bounds(config)


def _refuse_wrong_frame_head(config: TrainConfig) -> None:
    _refuse(
        config.frame_loss > 0 and max(config.patch_drop, config.row_drop, config.column_drop) > 0,
        "a frame head needs every patch, and patch_drop, row_drop or column_drop leaves some out",
        "all of them 0, or frame_loss = 0",
    )
    _refuse(
        config.frame_loss > 0 and config.freeze and config.select == "best",
        "the epoch is chosen by the last layer's answers, which a frozen model never changes",
        "select = last",
    )


def _refuse_wrong_teaching(config: TrainConfig) -> None:
    _refuse(
        config.freeze and bool(config.teacher),
        "a new head on a model that stays as it is learns from labels alone, from no teacher",
        "freeze = false, or an empty teacher",
    )
    share, temperature = config.label_weight, config.teacher_temperature
    _refuse(not 0 <= share <= 1, f"label_weight = {share} lies outside 0 to 1", "a share, such as 0.5")
    _refuse(not 0 < temperature < 100, f"teacher_temperature = {temperature} divides no logits", "1, or up to about 5")


def _refuse_wrong_numbers(config: TrainConfig) -> None:
    _refuse(
        min(config.lengths_s, default=1.0) < 0.5 or max(config.lengths_s, default=1.0) > 10.24,
        "lengths_s lie outside 0.5 to 10.24 s",
        "lengths the model can take",
    )
    counts = (config.batch_size, config.epochs, config.evaluate_every, config.accumulate, config.clips_per_label)
    _refuse(min(*counts, config.masks_each) < 1, "a count is under 1", "1 or more")
    _refuse(
        config.batch_size % config.accumulate != 0,
        f"batch_size = {config.batch_size} does not divide into {config.accumulate} parts",
        "a batch_size that is a multiple of accumulate",
    )
    _refuse(not 0 < config.learning_rate < 1, f"learning_rate = {config.learning_rate} makes no sense", "about 0.001")
    _refuse(not 0 <= config.norm_eps < 1, f"norm_eps = {config.norm_eps} norms nothing", "such as 1e-6, or 0")
    _refuse(config.mixup_alpha <= 0, f"mixup_alpha = {config.mixup_alpha} has no distribution", "0.1 to 10")
    for field in (
        "merge_r",
        "merge_r_training",
        "clip_norm",
        "time_budget_min",
        "workers",
        "threads",
        "overlay_db",
        "frame_loss",
        "conformers",
        "conformer_width",
    ):
        value = getattr(config, field) or 0
        _refuse(value < 0, f"{field} = {value} is negative", "0 or more")
    strides = config.strides
    _refuse(
        bool(strides) and (len(strides) != 2 or min(strides) < 1),
        f"strides = {list(strides)} are no two numbers from 1 on",
        "mel bins and frames, such as strides = 16,16",
    )
    _refuse(not 0 <= config.mixup <= 1, f"mixup = {config.mixup} lies outside 0 to 1", "a share")
    shares = (config.background, config.drop_path, config.patch_drop, config.warp_time, config.ema_decay, *config.betas)
    shares = (*shares, config.row_drop, config.column_drop, config.overlay, config.lowpass, config.validation_share)
    _refuse(any(not 0 <= share < 1 for share in shares), "a share lies outside 0 to 1", "0 or more, under 1")


def _refuse(wrong: bool, problem: str, remedy: str) -> None:
    if wrong:
        raise UsageError(f"The recipe contradicts itself: {problem}.", f"Use {remedy}.")
