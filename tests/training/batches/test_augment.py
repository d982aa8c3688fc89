"""Augmentation does what its formula says, leaves what it should, and draws the same chance twice."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from core.audio.log_mel import SILENCE, LogMel, LogMelConfig, mel_centres_hz
from training.batches import augment

SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


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


@given(SEEDS, st.integers(1, 40))
def test_roll_is_a_permutation(seed: int, n_frames: int) -> None:
    x = torch.rand(3, n_frames, 2, generator=seeded(seed))
    rolled = augment.roll(x, torch.randint(-99, 99, (3,), generator=seeded(seed)))
    assert torch.equal(rolled.sort(dim=1).values, x.sort(dim=1).values)


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


def test_mixup_as_published_weighs_waveforms_and_may_leave_the_clip_the_lesser_part(
    x: Tensor, generator: Generator
) -> None:
    y = torch.eye(6)
    mixed, targets = augment.mixup(x, y, 1.0, 10.0, generator, fold=False)
    own = targets.diagonal()
    assert (own < 0.5).any()
    assert (own > 0.5).any()
    for i in (own < 1).nonzero().flatten().tolist():
        partner = int((targets[i] - y[i] * own[i]).argmax())
        # the waveform times own[i] has own[i] ** 2 of the power
        expected = torch.log(own[i] ** 2 * x[i].exp() + (1 - own[i]) ** 2 * x[partner].exp())
        torch.testing.assert_close(mixed[i], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@given(SEEDS, st.floats(0.1, 20), st.booleans(), st.floats(-3, 3))
def test_mixup_keeps_the_sum_of_targets_and_knows_no_level(seed: int, alpha: float, fold: bool, loud: float) -> None:
    x, y = torch.randn(4, 3, 128, generator=seeded(seed)), torch.eye(4)
    mixed, targets = augment.mixup(x, y, 0.7, alpha, seeded(seed), fold)
    louder, _ = augment.mixup(x + loud, y, 0.7, alpha, seeded(seed), fold)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(louder, mixed + loud, atol=1e-4, rtol=1e-4)


def test_cross_entropy_on_mixed_targets_is_the_mix_of_cross_entropies(x: Tensor, generator: Generator) -> None:
    y, logits = torch.eye(6), torch.randn(6, 6, generator=generator)
    _, targets = augment.mixup(x, y, 1.0, 10.0, generator, fold=False)
    assert ((targets > 0).sum(dim=1) == 2).any()
    each = torch.stack(
        [F.cross_entropy(logits, torch.full((6,), label), reduction="none") for label in range(6)], dim=1
    )
    torch.testing.assert_close(F.cross_entropy(logits, targets, reduction="none"), (targets * each).sum(dim=1))


def test_mixup_with_share_zero_changes_nothing(x: Tensor, generator: Generator) -> None:
    y = torch.eye(6)
    mixed, targets = augment.mixup(x, y, 0.0, 0.4, generator)
    assert torch.equal(mixed, x)
    assert torch.equal(targets, y)


def test_beta_has_the_right_moments(generator: Generator) -> None:
    draws = augment._beta(0.4, 4000, generator)
    assert draws.mean().item() == pytest.approx(0.5, abs=0.03)
    assert draws.var().item() == pytest.approx(0.25 / 1.8, abs=0.01)  # 1 / (4 (2 alpha + 1))


@given(SEEDS, st.floats(0, 200), st.integers(1, 160), st.sampled_from([1, 2]))
def test_a_mask_hides_one_band_of_whole_cells_under_the_widest(seed: int, widest: float, n: int, dim: int) -> None:
    x = torch.ones(5, n, 128)
    hidden = augment.mask(x, widest, dim, 0.0, seeded(seed)) == 0.0
    for clip in hidden:
        band = clip[:, 0] if dim == 1 else clip[0]
        assert torch.equal(clip, band[:, None].expand(n, 128) if dim == 1 else band[None].expand(n, 128))
        assert band.sum() <= min(widest, len(band) // 2)
        assert (band.int().diff() != 0).sum() <= 2  # one connected band, which may lie at an edge


def test_mask_widths_are_uniform_below_the_widest(generator: Generator) -> None:
    x = torch.ones(8000, 1, 128)
    widths = (augment.mask(x, 48, 2, 0.0, generator) == 0.0).sum(dim=2)[:, 0]
    assert (widths.min(), widths.max()) == (0, 47)
    assert widths.float().mean().item() == pytest.approx(23.5, abs=0.6)
    assert widths.float().std().item() == pytest.approx(13.85, abs=0.4)  # of 48 numbers alike likely


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


@given(SEEDS, st.floats(0, 1), st.floats(0, 20))
def test_an_overlay_unites_labels_and_only_adds(seed: int, share: float, level_db: float) -> None:
    x, y = torch.randn(6, 20, 128, generator=seeded(seed)) - 5, torch.eye(6)
    x[0] = SILENCE
    both, labels = augment.overlay(x, y, share, level_db, seeded(seed))
    assert torch.equal(both[0], x[0])
    assert (both >= x - 1e-5).all()
    assert ((labels == 0) | (labels == 1)).all()
    assert (labels >= y).all()
    added = (both.exp() - x.exp()).clamp_min(1e-12).sum(dim=2).amax(dim=1).log()
    for i in range(6):
        if (labels[i] != y[i]).any():
            assert labels[i].sum() == 2
            softer_db = (x[i].logsumexp(dim=1).amax() - added[i]).item() / augment.NEPERS_PER_DB
            assert -0.1 <= softer_db <= level_db + 0.1
            assert labels[i, 0] == 0  # nothing is heard of a silent clip


def test_an_overlay_takes_about_its_share(generator: Generator) -> None:
    x = torch.randn(2000, 2, 128, generator=generator)
    both, _ = augment.overlay(x, torch.zeros(2000, 1), 0.3, 10.0, generator)
    assert (both != x).any(dim=2).any(dim=1).float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_lowpass_leaves_what_lies_under_the_cut_off_and_falls_above(x: Tensor, generator: Generator) -> None:
    low = torch.from_numpy(mel_centres_hz() < 2000)
    cut = augment.lowpass(x, 1.0, generator)
    assert torch.equal(cut[:, :, low], x[:, :, low])
    loss = x - cut
    above_floor = cut > SILENCE
    assert (loss[:, :, 1:] >= loss[:, :, :-1] - 1e-4)[above_floor[:, :, 1:]].all()
    assert (loss[:, :, -1] > 0.1).all()
    first_cut = (loss[:, 0] > 1e-4).int().argmax(dim=1)
    assert len(first_cut.unique()) > 1  # each clip has its own


def test_lowpass_with_share_zero_changes_nothing(x: Tensor, generator: Generator) -> None:
    assert torch.equal(augment.lowpass(x, 0.0, generator), x)


@given(SEEDS, st.integers(1, 60), st.integers(0, 200))
def test_a_short_clip_fills_its_window_with_whole_copies_of_itself(seed: int, n_own: int, spare: int) -> None:
    clip = torch.arange(n_own).float()[:, None].expand(n_own, 2)
    window = augment.fill_short(clip, n_own + spare, seeded(seed))
    assert window.shape == (n_own + spare, 2)
    starts = (window[:, 0] == 0).nonzero().flatten().tolist()
    assert starts
    assert all(torch.equal(window[start : start + n_own], clip) for start in starts)
    gaps = {later - earlier for earlier, later in pairwise(starts)}
    assert len(gaps) <= 1
    assert all(n_own <= gap <= 2 * n_own for gap in gaps)
    assert (window[:, 0] > SILENCE).sum() == n_own * len(starts)


def test_a_short_clip_stands_alone_about_half_the_time_and_anywhere(generator: Generator) -> None:
    starts = [
        (augment.fill_short(torch.zeros(50, 1), 500, generator)[:, 0] == 0).nonzero().flatten() for _ in range(400)
    ]
    alone = [int(found[0]) for found in starts if len(found) == 50]
    assert len(alone) / 400 == pytest.approx(0.5, abs=0.08)
    assert min(alone) < 45 < 405 < max(alone)


def test_cell_noise_adds_up_to_its_height_by_clip(generator: Generator) -> None:
    added = augment.cell_noise(torch.zeros(300, 20, 128), 0.1, generator)
    heights = added.amax(dim=(1, 2))
    assert 0 <= added.min() <= added.max() < 0.1
    assert heights.mean().item() == pytest.approx(0.05, abs=0.01)
    torch.testing.assert_close(added.mean(dim=(1, 2)), heights / 2, atol=2e-3, rtol=0.1)


def test_the_same_generator_gives_the_same_chance(x: Tensor) -> None:
    def run(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        out, _ = augment.mixup(x, torch.eye(6), 0.7, 0.4, generator)
        return augment.warp(augment.tilt(out, 6, generator), 0.1, 4, generator)

    assert torch.equal(run(3), run(3))
    assert not torch.equal(run(3), run(4))
