"""Every recipe is whole, and the published ones hold the constants that were published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.audio.log_mel import LogMelConfig
from training.config.loading import RECIPES, load_recipe

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
IMAGENET = "timm:deit_base_distilled_patch16_384"

AS_RELEASED: dict[str, Any] = {
    "optimiser": "adam",
    "betas": (0.95, 0.999),
    "weight_decay": 5e-7,
    "clip_norm": 0.0,
    "new_rate_factor": 1.0,
    "accumulate": 1,
    "schedule": "step",
    "ema_decay": 0.0,
    "drop_path": 0.0,
    "patch_drop": 0.0,
    "masks_each": 1,
    "mask_fill": "zero",
    "ramp_epochs": 0.0,
    "merge_r_training": 0,
    "freeze": False,
    **dict.fromkeys(
        ("overlay", "gain_db", "noise_db", "background", "tilt_db", "lowpass", "warp_time", "warp_mels"), 0
    ),
}
"""What all four trainings of AST share (arXiv:2104.01778 and the released code), and what none of them has."""

MIXUP = {"mixup_alpha": 10.0, "mixup_fold": False}
AUDIOSET = {
    **MIXUP,
    "init": IMAGENET,
    "variant": "ast-base",
    "batch_size": 12,
    "loss": "bce",
    "mixup": 0.5,
    "freq_masks": 48,
    "time_masks": 192,
    "cell_noise": 0.0,
    "roll_frames": 0,
    "warmup_kind": "ast",
    "decay_factor": 0.5,
    "select": "last",
    "test_folds": ("eval",),
    "mean": -4.2677393,
    "std": 4.5689974,
}
ESC50 = {
    "batch_size": 48,
    "epochs": 25,
    "loss": "ce",
    "mixup": 0.0,
    "freq_masks": 24,
    "time_masks": 96,
    "cell_noise": 0.0,
    "roll_frames": 0,
    "warmup_kind": "linear",
    "warmup_epochs": 0.0,
    "decay_factor": 0.85,
    "decay_after": tuple(range(5, 26)),
    "sampler": "shuffle",
    "average_epochs": (),
    "mean": -6.6268077,
    "std": 5.358466,
}
PUBLISHED: dict[str, dict[str, Any]] = {
    "audioset-full": {
        **AUDIOSET,
        "learning_rate": 1e-5,
        "epochs": 5,
        "decay_after": (2, 3, 4, 5),
        "sampler": "weighted",
        "average_epochs": (1, 5),
    },
    "audioset-balanced": {
        **AUDIOSET,
        "learning_rate": 5e-5,
        "epochs": 25,
        "decay_after": (10, 15, 20, 25),
        "sampler": "shuffle",
        "average_epochs": (6, 25),
    },
    "esc50-audioset": {**ESC50, "learning_rate": 1e-5, "init": "required"},
    "esc50-imagenet": {**ESC50, "learning_rate": 1e-4, "init": IMAGENET, "variant": "ast-base"},
    "speech-commands": {
        **MIXUP,
        "init": IMAGENET,
        "variant": "ast-base",
        "learning_rate": 2.5e-4,
        "epochs": 30,
        "batch_size": 128,
        "loss": "bce",
        "mixup": 0.6,
        "freq_masks": 48,
        "time_masks": 48,
        "cell_noise": 0.1,
        "roll_frames": 10,
        "warmup_epochs": 0.0,
        "decay_factor": 0.85,
        "decay_after": tuple(range(5, 31)),
        "sampler": "shuffle",
        "select": "best",
        "validation_folds": ("validation",),
        "test_folds": ("testing",),
        "average_epochs": (),
        "mean": -6.845978,
        "std": 5.5654526,
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_loads_and_says_what_it_is_for(name: str) -> None:
    config = load_recipe(name)
    assert config.title
    assert 20 < len(config.summary) < 160
    assert config.summary.endswith(".")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_holds_the_published_constants(name: str) -> None:
    expected = {**AS_RELEASED, **PUBLISHED[name]}
    config = load_recipe(name).to_flat()
    assert {key: config[key] for key in expected} == expected


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_names_its_deviations(name: str) -> None:
    assert "What differs from the publication, and why" in (RECIPES / f"{name}.toml").read_text(encoding="utf-8")


def test_a_few_clips_train_the_head_alone_of_what_ships() -> None:
    config = load_recipe("few-clips")
    assert config.start.freeze
    assert (config.start.init, config.start.variant, config.data.test_folds) == ("starter", "", ())


def test_fine_tuning_moves_the_new_head_faster_than_the_rest() -> None:
    config = load_recipe("fine-tune")
    assert not config.start.freeze
    assert config.optimisation.new_rate_factor > 1
    assert config.optimisation.learning_rate < load_recipe("starter").optimisation.learning_rate


def test_a_teacher_may_hear_as_psla_normalises() -> None:
    """(x + 4.6476) / 4.5699 (Gong et al., arXiv:2102.01243), where AST divides by twice the deviation."""
    config = load_recipe("cmkd-teacher", ["mean=-4.6476", "std=2.28495", "variant=cnn-efficientnet-b2"])
    assert "mean=-4.6476 std=2.28495" in (RECIPES / "cmkd-teacher.toml").read_text(encoding="utf-8")
    log_mel = np.array([-15.9424, -4.6476, 0.0], np.float32)
    expected = (log_mel + 4.6476) / 4.5699
    np.testing.assert_allclose(
        LogMelConfig(mean=config.data.mean, std=config.data.std).normalise(log_mel), expected, atol=1e-6
    )
