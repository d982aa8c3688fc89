"""Batches: every clip once, lengths as drawn, labels that fit what is heard."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from tests.training.runs import clips_in_memory
from training.batches.sampling import Batch, TrainingBatches, draw_capped, draw_weighted, evaluation_batches, n_capped
from training.batches.seeding import generator_for
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames, multi_hot

PLAIN = TrainConfig.from_flat(
    {"name": "t", "title": "T", "variant": "ast-tiny-16", "batch_size": 4, "lengths_s": (1.0,)}
)
FRONT_END = LogMelConfig(mean=0.0, std=0.5)


@pytest.fixture
def clips() -> ClipFrames:
    """Ten clips of two seconds; clip i is the constant -i, and has label i % 3."""
    frames = np.repeat(-np.arange(10, dtype=np.float16)[:, None, None], 200, axis=1).repeat(128, axis=2)
    return clips_in_memory(list(frames), np.eye(3, dtype=np.float32)[np.arange(10) % 3])


def batches(clips: ClipFrames, config: TrainConfig, epoch: int = 1, seed: int = 0) -> list[Batch]:
    """All batches of an epoch."""
    of = TrainingBatches(clips, config.with_settings(seed=seed), FRONT_END)
    return [of[epoch, i] for i in range(len(of))]


@pytest.mark.slow
def test_every_clip_at_most_once_an_epoch_and_in_another_order_the_next(clips: ClipFrames) -> None:
    epochs = [torch.cat([batch.clips for batch in batches(clips, PLAIN, epoch)]).tolist() for epoch in (1, 2)]
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) == 8
    assert epochs[0] != epochs[1]


@pytest.mark.slow
def test_a_batch_depends_on_its_place_alone(clips: ClipFrames) -> None:
    config = PLAIN.with_settings(mixup=0.5, gain_db=20.0, noise_db=60.0, tilt_db=6.0, time_masks=20)
    forwards, backwards = (TrainingBatches(clips, config, FRONT_END) for _ in range(2))
    places = [(epoch, i) for epoch in (1, 2, 3) for i in (0, 1)]
    first = {place: forwards[place] for place in places}
    for place in reversed(places):
        assert torch.equal(first[place].log_mel, backwards[place].log_mel)
        assert torch.equal(first[place].targets, backwards[place].targets)
    assert not torch.equal(first[1, 0].log_mel, first[2, 0].log_mel)


def test_the_parts_of_a_batch_are_the_batch(clips: ClipFrames) -> None:
    [batch, _] = batches(clips, PLAIN)
    parts = [batch.part(i, 3) for i in range(3)]
    assert torch.equal(torch.cat([part.log_mel for part in parts]), batch.log_mel)
    assert torch.equal(torch.cat([part.clips for part in parts]), batch.clips)


def targets_of(*labels: tuple[int, ...]) -> NDArray[np.float32]:
    return multi_hot(labels, 3)


def test_weighted_drawing_evens_out_the_labels() -> None:
    """AST's weights: 90 clips of one label and 10 of another come up about equally often."""
    targets = targets_of(*[(0,)] * 90, *[(1,)] * 10)
    drawn = torch.cat([draw_weighted(targets, generator_for(0, i)) for i in range(50)])
    assert len(drawn) == 5000
    assert (drawn >= 90).float().mean() == pytest.approx(0.5, abs=0.04)


def test_clips_of_several_labels_weigh_as_the_sum() -> None:
    targets = targets_of((0,), (0, 1), (1,), (1,), (1,))  # weights: 500, 750, 250, 250, 250 thousandths
    drawn = torch.cat([draw_weighted(targets, generator_for(1, i)) for i in range(2000)])
    shares = torch.bincount(drawn, minlength=5) / len(drawn)
    assert shares.tolist() == pytest.approx([0.25, 0.375, 0.125, 0.125, 0.125], abs=0.02)


@given(st.lists(st.sampled_from([(0,), (1,), (2,), ()]), min_size=1, max_size=60), st.integers(1, 20))
def test_capped_drawing_takes_each_once_and_no_label_too_often(labels: list[tuple[int, ...]], cap: int) -> None:
    targets = targets_of(*labels)
    drawn = draw_capped(targets, cap, generator_for(0, cap)).tolist()
    assert len(set(drawn)) == len(drawn) == n_capped(targets, cap)
    for label in [(0,), (1,), (2,), ()]:
        assert sum(labels[i] == label for i in drawn) == min(cap, labels.count(label))


def test_another_epoch_takes_other_clips_of_a_large_label() -> None:
    targets = targets_of(*[(0,)] * 50)
    first, second = (set(draw_capped(targets, 10, generator_for(0, epoch)).tolist()) for epoch in (1, 2))
    assert len(first) == len(second) == 10
    assert first != second


def test_without_augmentation_a_batch_holds_its_clips(clips: ClipFrames) -> None:
    for batch in batches(clips, PLAIN):
        assert batch.log_mel.shape == (4, 100, 128)
        assert torch.equal(batch.log_mel[:, 0, 0], -batch.clips.float())
        assert torch.equal(batch.targets.argmax(dim=1), batch.clips % 3)
        assert torch.equal(batch.targets.sum(dim=1), torch.ones(4))


def test_windows_longer_than_a_clip_hold_two_with_both_labels(clips: ClipFrames) -> None:
    config = PLAIN.with_settings(lengths_s=(4.0,))
    for batch in batches(clips, config):
        assert batch.log_mel.shape == (4, 400, 128)
        for sound, target in zip(batch.log_mel, batch.targets, strict=True):
            heard = {int(-value) % 3 for value in sound[:, 0].unique()}
            assert set(target.nonzero().flatten().tolist()) == heard


def test_a_length_just_over_the_clips_is_the_clip(clips: ClipFrames) -> None:
    [first, _] = batches(clips, PLAIN.with_settings(lengths_s=(2.1,)))
    assert first.log_mel.shape == (4, 200, 128)


def test_background_has_no_label_and_no_sound(clips: ClipFrames) -> None:
    for batch in batches(clips, PLAIN.with_settings(background=0.999, noise_db=60.0)):
        assert batch.targets.sum() == 0
        assert batch.log_mel.max() < -1  # noise of -45 dBFS at most; the clips themselves are at 0 to -9


def test_noise_stays_under_the_clip(clips: ClipFrames) -> None:
    for batch in batches(clips, PLAIN.with_settings(noise_db=60.0)):
        change = batch.log_mel + batch.clips.float()[:, None, None]
        assert (change >= -1e-3).all()  # powers add
        assert change.median() < 0.5


@pytest.mark.slow
def test_the_ramp_begins_with_almost_no_augmentation(clips: ClipFrames) -> None:
    config = PLAIN.with_settings(mixup=0.9, tilt_db=6.0, warp_time=0.2, warp_mels=4.0, time_masks=50, freq_masks=40)
    for batch in batches(clips, config.with_settings(ramp_epochs=10.0)):
        same = (batch.log_mel - -batch.clips.float()[:, None, None]).abs() < 1e-3
        assert same.float().mean() > 0.99
    assert TrainingBatches(clips, config.with_settings(ramp_epochs=10.0), FRONT_END).strength(6) == 0.5


def test_evaluation_sees_every_clip_whole_at_its_own_length(clips: ClipFrames) -> None:
    lengths = np.array([200, 150] * 5)
    mixed = clips_in_memory([clips.frames_of(i)[:length] for i, length in enumerate(lengths)], clips.targets)
    seen = []
    shares = [list(evaluation_batches(mixed, FRONT_END, 4, (i, 2))) for i in range(2)]  # of two processes
    for batch in [*shares[0], *shares[1]]:
        assert {int(lengths[i]) for i in batch.clips.tolist()} == {batch.log_mel.shape[1]}
        assert torch.equal(batch.log_mel[:, 0, 0], -batch.clips.float())
        seen += batch.clips.tolist()
    assert sorted(seen) == list(range(10))
