"""Augmentation does what its formula says, leaves what it should, and draws the same chance twice."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from core.audio.log_mel import SILENCE, LogMel, LogMelConfig
from training import augment


@pytest.fixture
def generator() -> Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(6, 50, 128, generator=torch.Generator().manual_seed(1)) - 5


def test_gain_is_a_gain_of_the_waveform() -> None:
    wave = torch.randn(16_000, generator=torch.Generator().manual_seed(2)) * 0.1
    louder = torch.from_numpy(LogMel()((wave * 2).numpy()))
    x = torch.from_numpy(LogMel()(wave.numpy()))
    by_formula = augment.gain(x.unsqueeze(0), torch.tensor([20 * torch.log10(torch.tensor(2.0))]))[0]
    is_sound = x > SILENCE + 3
    torch.testing.assert_close(by_formula[is_sound], louder[is_sound], atol=1e-3, rtol=0)


def test_gain_leaves_silence_at_the_floor() -> None:
    silent = torch.full((1, 5, 128), SILENCE)
    assert torch.equal(augment.gain(silent, torch.tensor([-30.0])), silent)


def test_roll_keeps_every_frame(x: Tensor) -> None:
    rolled = augment.roll(x, torch.tensor([0, 1, -1, 50, 25, 7]))
    assert torch.equal(rolled[0], x[0])
    assert torch.equal(rolled[1, 1:], x[1, :-1])
    assert torch.equal(rolled[2, :-1], x[2, 1:])
    assert torch.equal(rolled[3], x[3])


def test_mixup_mixes_powers_and_targets_alike(x: Tensor, generator: Generator) -> None:
    y = torch.eye(6)
    mixed, targets = augment.mixup(x, y, 1.0, 0.4, generator)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(6))
    own = targets.diagonal()
    assert (own >= 0.5).all()
    for i in range(6):
        partner = int((targets[i] - torch.eye(6)[i] * own[i]).argmax()) if own[i] < 1 else i
        expected = torch.log(own[i] * x[i].exp() + (1 - own[i]) * x[partner].exp())
        torch.testing.assert_close(mixed[i], expected, atol=1e-4, rtol=1e-4)


def test_mixup_with_share_zero_changes_nothing(x: Tensor, generator: Generator) -> None:
    y = torch.eye(6)
    mixed, targets = augment.mixup(x, y, 0.0, 0.4, generator)
    assert torch.equal(mixed, x)
    assert torch.equal(targets, y)


def test_beta_has_the_right_moments(generator: Generator) -> None:
    draws = augment._beta(0.4, 4000, generator)
    assert draws.mean().item() == pytest.approx(0.5, abs=0.03)
    assert draws.var().item() == pytest.approx(0.25 / 1.8, abs=0.01)  # 1 / (4 (2 alpha + 1))


def test_masks_hide_one_band(x: Tensor, generator: Generator) -> None:
    in_time = augment.mask(x, 20, 1, 7.0, generator)
    in_frequency = augment.mask(x, 30, 2, 7.0, generator)
    for clip in range(6):
        frames = (in_time[clip] == 7.0).all(dim=1)
        assert frames.sum() <= 21
        assert torch.equal(in_time[clip][~frames], x[clip][~frames])
        bins = (in_frequency[clip] == 7.0).all(dim=0)
        assert bins.sum() <= 31
        changes = (bins.int().diff() != 0).sum()
        assert changes <= 2  # one connected band


def test_tilt_and_warp_of_nothing_change_nothing(x: Tensor, generator: Generator) -> None:
    torch.testing.assert_close(augment.tilt(x, 0.0, generator), x)
    torch.testing.assert_close(augment.warp(x, 0.0, 0.0, generator), x, atol=1e-4, rtol=1e-4)


def test_tilt_is_the_same_in_every_frame(x: Tensor, generator: Generator) -> None:
    change = augment.tilt(x, 6.0, generator) - x
    torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=1e-5, rtol=0)
    assert 0 < change.abs().max() <= 6.0 * augment.NEPERS_PER_DB + 1e-5


def test_warp_shifts_bins_up_or_down(generator: Generator) -> None:
    x = torch.zeros(40, 30, 128)
    x[:, :, 64] = 1.0
    peaks = augment.warp(x, 0.0, 5.0, generator).mean(dim=1).argmax(dim=1)
    assert peaks.min() >= 59
    assert peaks.max() <= 69
    assert len(peaks.unique()) > 5


def test_noise_bank_is_at_full_scale_and_coloured(generator: Generator) -> None:
    bank = augment.NoiseBank(LogMelConfig(), seconds=2)
    white, pink, brown = bank.frames.mean(dim=1)
    assert white[100] > pink[100] > brown[100]
    assert white[6] < pink[6] < brown[6]
    assert bank.draw(5, 100, generator).shape == (5, 100, 128)


def test_the_same_generator_gives_the_same_chance(x: Tensor) -> None:
    def run(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        out, _ = augment.mixup(x, torch.eye(6), 0.7, 0.4, generator)
        return augment.warp(augment.tilt(out, 6, generator), 0.1, 4, generator)

    assert torch.equal(run(3), run(3))
    assert not torch.equal(run(3), run(4))
