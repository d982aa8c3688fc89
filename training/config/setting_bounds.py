"""The lowest and highest value of every number in a recipe, so that none asks for more memory, processes or time than
any machine has. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.bounds import MOST_FRAMES, MOST_MELS, MOST_WIDTH
from core.errors import UsageError

if TYPE_CHECKING:
    from training.config.recipe import TrainConfig

_SHARE = (0.0, 1.0)
_LEVEL_DB = (0.0, 200.0)
_EPOCHS = (0.0, 1e6)
_TOKENS = (0, 1_000_000)
BOUNDS: dict[str, tuple[float, float]] = {
    "strides": (1, MOST_MELS),
    "norm_eps": _SHARE,
    "conformers": (0, 256),
    "conformer_width": (0, MOST_WIDTH),
    "validation_share": _SHARE,
    "mean": (-1e6, 1e6),
    "std": (0.0, 1e6),
    "clips_per_label": (1, 10**9),
    "batch_size": (1, 65_536),
    "accumulate": (1, 65_536),
    "epochs": (1, 1e6),
    "time_budget_min": (0.0, 1e6),
    "learning_rate": _SHARE,
    "new_rate_factor": (0.0, 1e6),
    "decay_factor": (0.0, 1e3),
    "decay_after": _EPOCHS,
    "warmup_epochs": _EPOCHS,
    "betas": _SHARE,
    "weight_decay": (0.0, 1e3),
    "clip_norm": (0.0, 1e9),
    "frame_loss": (0.0, 1e6),
    "ema_decay": _SHARE,
    "average_epochs": _EPOCHS,
    "drop_path": _SHARE,
    "patch_drop": _SHARE,
    "row_drop": _SHARE,
    "column_drop": _SHARE,
    "merge_r_training": _TOKENS,
    "label_weight": _SHARE,
    "teacher_temperature": (0.0, 100.0),
    "lengths_s": (0.5, 10.24),
    "length_weights": (0.0, 1e9),
    "mixup": _SHARE,
    "mixup_alpha": (0.0, 1e3),
    "overlay": _SHARE,
    "overlay_db": _LEVEL_DB,
    "gain_db": _LEVEL_DB,
    "noise_db": _LEVEL_DB,
    "background": _SHARE,
    "tilt_db": _LEVEL_DB,
    "lowpass": _SHARE,
    "warp_time": _SHARE,
    "warp_mels": (0.0, MOST_MELS),
    "time_masks": (0, MOST_FRAMES),
    "freq_masks": (0, MOST_MELS),
    "masks_each": (1, 1000),
    "cell_noise": (0.0, 1e3),
    "roll_frames": (-1, MOST_FRAMES),
    "ramp_epochs": _EPOCHS,
    "merge_r": _TOKENS,
    "evaluate_every": (1, 1e6),
    "save_every_s": (0.0, 1e9),
    "workers": (0, 256),
    "threads": (0, 1024),
    "seed": (-(2**63), 2**63 - 1),
}


def refuse_out_of_bounds(config: TrainConfig) -> None:
    """Raises UsageError for a number beyond its bounds, and for one that is not a number."""
    for field, (lowest, highest) in BOUNDS.items():
        for value in _numbers(getattr(config, field)):
            if not lowest <= value <= highest:
                shown = f"{value:g}" if isinstance(value, float) else str(value)[:20]
                problem = f"The recipe sets {field} to {shown}, which is outside {lowest:g} to {highest:g}."
                raise UsageError(problem, "Correct that value.")


def _numbers(value: float | Iterable[float] | None) -> Iterable[float]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int | float) else value
