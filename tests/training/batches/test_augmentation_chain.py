"""A recipe's augmentations are applied in their order, each only where the recipe asks for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from core.audio.log_mel import SILENCE, LogMelConfig
from tests.training.runs import small
from training.batches.augment import NEPERS_PER_DB
from training.batches.augmentation_chain import LOUDEST_FLOOR_DB, SOFTEST_FLOOR_DB, AugmentationChain
from training.batches.seeding import generator_for

NOTHING = {
    "roll_frames": 0,
    **dict.fromkeys(("warp_time", "warp_mels", "tilt_db", "lowpass", "overlay", "mixup", "background"), 0.0),
    **dict.fromkeys(("gain_db", "noise_db", "cell_noise"), 0.0),
    **dict.fromkeys(("freq_masks", "time_masks"), 0),
}


def chain(**settings: Any) -> AugmentationChain:
    config = small().with_settings(**{**NOTHING, **settings})
    return AugmentationChain(config.augmentation, LogMelConfig(mean=-5.0, std=4.0))


@pytest.fixture
def clips() -> tuple[Tensor, Tensor]:
    """Raw log-mel of four clips with more energy in later frames and higher bins, and a label for each."""
    x = torch.randn(4, 120, 128, generator=generator_for(0)) - 6
    return x + torch.linspace(0, 2, 120)[:, None] + torch.linspace(0, 1, 128), torch.eye(4)


def test_a_recipe_without_augmentation_changes_nothing(clips: tuple[Tensor, Tensor]) -> None:
    x, y = chain()(*clips, 1.0, generator_for(1))
    assert torch.equal(x, clips[0])
    assert torch.equal(y, clips[1])
    assert torch.equal(chain().after_normalisation(x, generator_for(1)), x)


@pytest.mark.parametrize("frames", [-1, 10])
def test_rolling_moves_frames_and_keeps_labels(clips: tuple[Tensor, Tensor], frames: int) -> None:
    x, y = chain(roll_frames=frames)(*clips, 1.0, generator_for(1))
    assert torch.equal(y, clips[1])
    for rolled, clip in zip(x, clips[0], strict=True):
        shifts = [shift for shift in range(-120, 120) if torch.equal(rolled, clip.roll(shift, 0))]
        assert shifts
        assert frames < 0 or min(map(abs, shifts)) <= frames


def test_background_clips_lose_their_labels_and_get_a_noise_floor_of_their_own_level(
    clips: tuple[Tensor, Tensor],
) -> None:
    x, y = chain(background=0.999)(*clips, 1.0, generator_for(1))
    assert (x == SILENCE).all()
    assert (y == 0).all()
    x, _ = chain(background=0.999, noise_db=60.0)(*clips, 1.0, generator_for(1))
    levels_db = x.logsumexp(dim=2).mean(dim=1) / NEPERS_PER_DB
    full_scale_db = chain()._noise.draw(4, 120, generator_for(2)).logsumexp(dim=2).mean(dim=1) / NEPERS_PER_DB
    below = levels_db - full_scale_db.mean()
    assert ((below > SOFTEST_FLOOR_DB - 3) & (below < LOUDEST_FLOOR_DB + 3)).all()


def test_strength_zero_leaves_only_the_gain_and_the_softest_floor(clips: tuple[Tensor, Tensor]) -> None:
    settings = {"tilt_db": 6.0, "mixup": 0.9, "warp_time": 0.2, "time_masks": 50, "freq_masks": 40, "lowpass": 0.9}
    x, y = chain(**settings)(*clips, 0.0, generator_for(1))
    torch.testing.assert_close(x, clips[0], atol=1e-4, rtol=0)
    assert torch.equal(y, clips[1])


@pytest.mark.parametrize(("fill", "value"), [("mean", -5.0), ("zero", 0.0)])
def test_masks_are_filled_as_the_recipe_says(clips: tuple[Tensor, Tensor], fill: str, value: float) -> None:
    masked, _ = chain(time_masks=40, mask_fill=fill)(*clips, 1.0, generator_for(1))
    changed = masked != clips[0]
    assert changed.any()
    assert (masked[changed] == value).all()


@pytest.mark.slow
def test_several_masks_hide_more_than_one(clips: tuple[Tensor, Tensor]) -> None:
    hidden = [
        sum(
            int((chain(freq_masks=20, masks_each=n)(*clips, 1.0, generator_for(i))[0] != clips[0]).sum())
            for i in range(20)
        )
        for n in (1, 2)
    ]
    assert hidden[1] > 1.5 * hidden[0]


def test_gain_only_lowers_a_clip(clips: tuple[Tensor, Tensor]) -> None:
    x, _ = chain(gain_db=20.0)(*clips, 1.0, generator_for(1))
    change_db = ((x - clips[0]) / NEPERS_PER_DB).mean(dim=(1, 2))
    assert ((change_db <= 0) & (change_db > -20.1)).all()
    assert len(set(change_db.tolist())) == 4


def test_cell_noise_is_added_after_normalisation(clips: tuple[Tensor, Tensor]) -> None:
    noisy = chain(cell_noise=0.5)
    x, _ = noisy(*clips, 1.0, generator_for(1))
    assert torch.equal(x, clips[0])
    assert not torch.equal(noisy.after_normalisation(x, generator_for(1)), x)
