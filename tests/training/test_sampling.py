"""Batches: every clip once, lengths as drawn, labels that fit what is heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.audio.log_mel import SILENCE, LogMelConfig
from training.config import TrainConfig
from training.datasets import ClipFrames, frame_statistics
from training.sampling import TrainingBatches, evaluation_batches

PLAIN = TrainConfig(name="t", title="T", variant="ast-tiny-16", batch_size=4, lengths_s=(1.0,), length_weights=(1.0,))
FRONT_END = LogMelConfig(mean=0.0, std=0.5)


@pytest.fixture
def clips() -> ClipFrames:
    """Ten clips of two seconds; clip i is the constant -i, and has label i % 3."""
    frames = np.repeat(-np.arange(10, dtype=np.float16)[:, None, None], 200, axis=1).repeat(128, axis=2)
    return ClipFrames(frames, np.full(10, 200), np.arange(10) % 3)


def batches(clips: ClipFrames, config: TrainConfig, seed: int = 0) -> TrainingBatches:
    return TrainingBatches(clips, 3, config, FRONT_END, torch.Generator().manual_seed(seed))


def test_every_clip_at_most_once_an_epoch_and_in_another_order_the_next(clips: ClipFrames) -> None:
    of = batches(clips, PLAIN)
    epochs = [torch.cat([batch.clips for batch in of]).tolist() for _ in range(2)]
    assert len(of) == 2
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) == 8
    assert epochs[0] != epochs[1]


def test_without_augmentation_a_batch_holds_its_clips(clips: ClipFrames) -> None:
    for batch in batches(clips, PLAIN):
        assert batch.log_mel.shape == (4, 100, 128)
        assert torch.equal(batch.log_mel[:, 0, 0], -batch.clips.float())
        assert torch.equal(batch.targets.argmax(dim=1), batch.clips % 3)
        assert torch.equal(batch.targets.sum(dim=1), torch.ones(4))


def test_windows_longer_than_a_clip_hold_two_with_both_labels(clips: ClipFrames) -> None:
    config = replace(PLAIN, lengths_s=(4.0,))
    for batch in batches(clips, config):
        assert batch.log_mel.shape == (4, 400, 128)
        for sound, target in zip(batch.log_mel, batch.targets, strict=True):
            heard = {int(-value) % 3 for value in sound[:, 0].unique()}
            assert set(target.nonzero().flatten().tolist()) == heard


def test_a_length_just_over_the_clips_is_the_clip(clips: ClipFrames) -> None:
    [first, _] = batches(clips, replace(PLAIN, lengths_s=(2.1,)))
    assert first.log_mel.shape == (4, 200, 128)


def test_background_has_no_label_and_no_sound(clips: ClipFrames) -> None:
    for batch in batches(clips, replace(PLAIN, background=0.999, noise_db=60.0)):
        assert batch.targets.sum() == 0
        assert batch.log_mel.max() < -2  # noise of -45 dBFS at most; the clips themselves are at 0 to -9


def test_noise_stays_under_the_clip(clips: ClipFrames) -> None:
    of = batches(clips, replace(PLAIN, noise_db=60.0))
    for batch in of:
        change = batch.log_mel + batch.clips.float()[:, None, None]
        assert (change >= -1e-3).all()  # powers add
        assert change.median() < 0.5


def test_strength_zero_is_almost_no_augmentation(clips: ClipFrames) -> None:
    config = replace(PLAIN, mixup=0.9, tilt_db=6.0, warp_time=0.2, warp_mels=4.0, time_masks=50, freq_masks=40)
    of = batches(clips, config)
    of.strength = 0.0
    for batch in of:
        same = (batch.log_mel - -batch.clips.float()[:, None, None]).abs() < 1e-3
        assert same.float().mean() > 0.99  # an empty mask may still hide one frame


def test_the_same_seed_draws_the_same_batches(clips: ClipFrames) -> None:
    config = replace(PLAIN, mixup=0.5, gain_db=20.0, noise_db=60.0, tilt_db=6.0, time_masks=20)
    first, second = (list(batches(clips, config, seed=5)) for _ in range(2))
    assert all(torch.equal(a.log_mel, b.log_mel) for a, b in zip(first, second, strict=True))


def test_evaluation_sees_every_clip_whole_at_its_own_length(clips: ClipFrames) -> None:
    lengths = np.array([200, 150] * 5)
    mixed = ClipFrames(clips.frames, lengths, clips.labels)
    seen = []
    for batch in evaluation_batches(mixed, 3, FRONT_END, 4):
        assert {int(lengths[i]) for i in batch.clips.tolist()} == {batch.log_mel.shape[1]}
        assert torch.equal(batch.log_mel[:, 0, 0], -batch.clips.float())
        seen += batch.clips.tolist()
    assert sorted(seen) == list(range(10))


def test_statistics_leave_out_what_lies_beyond_a_clip() -> None:
    frames = np.full((1, 10, 128), SILENCE, np.float16)
    frames[0, :5] = 2.0
    frames[0, 2] = -2.0
    mean, std = frame_statistics(ClipFrames(frames, np.array([5]), np.array([0])))
    assert (mean, std) == (pytest.approx(1.2), pytest.approx(1.6))
