"""Views of clips: each of one clip alone, every clip once a round, the same whenever they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.audio.log_mel import SILENCE, LogMelConfig
from core.model.networks.build import build_network
from core.model.variants import find_variant
from tests.training.runs import PLAIN, clips_in_memory, small
from training.data.clip_frames import ClipFrames
from training.head_only.frozen_features import ClipViews, embed
from training.head_only.logistic_regression import BACKGROUND

pytestmark = pytest.mark.slow

PLAIN_LOG_MEL = LogMelConfig(mean=0.0, std=0.5)
"""Normalisation that changes nothing."""


def flat_clips(n_clips: int, n_frames: int) -> ClipFrames:
    """Clip i is the constant i, with the label i % 2."""
    frames = [np.full((n_frames, 128), i, np.float16) for i in range(n_clips)]
    return clips_in_memory(frames, np.eye(2, dtype=np.float32)[np.arange(n_clips) % 2])


def views(clips: ClipFrames, *settings: str) -> ClipViews:
    return ClipViews(clips, small(*PLAIN, "freeze=true", "init=starter", "roll_frames=0", *settings), PLAIN_LOG_MEL)


def test_a_view_is_of_one_clip_whatever_the_recipe_mixes() -> None:
    mixing = views(flat_clips(11, 90), "mixup=1", "overlay=0.9", "overlay_db=1", "batch_size=4")
    rounds = [mixing.batch(1, index) for index in range(len(mixing))]
    assert sorted(torch.cat([batch.clips for batch in rounds]).tolist()) == list(range(11))
    for batch in rounds:
        assert torch.equal(batch.log_mel, batch.clips[:, None, None].expand_as(batch.log_mel).float())
        assert torch.equal(batch.targets.argmax(dim=1), batch.clips % 2)


def test_a_view_longer_than_its_clip_holds_it_in_silence() -> None:
    batch = views(flat_clips(4, 30), "lengths_s=2.0").batch(1, 0)
    assert batch.log_mel.shape == (4, 200, 128)
    for clip, view in zip(batch.clips.tolist(), batch.log_mel, strict=True):
        assert {round(value, 3) for value in view.unique().tolist()} == {round(SILENCE, 3), float(clip)}
        assert int((view[:, 0] == clip).sum()) % 30 == 0


def test_the_background_has_no_label_and_is_of_no_clip() -> None:
    batch = views(flat_clips(10, 90), "background=0.3", "noise_db=60", "batch_size=10").batch(2, 0)
    is_background = batch.clips == BACKGROUND
    assert is_background.tolist() == [False] * 10 + [True] * 3
    assert batch.targets[is_background].sum() == 0
    loudest_dbfs = batch.log_mel[is_background].amax() * 10 / np.log(10)
    assert loudest_dbfs < batch.log_mel[~is_background].amax() * 10 / np.log(10)


def test_chance_depends_on_the_place_alone() -> None:
    some = views(flat_clips(8, 90), "background=0.2", "noise_db=60", "gain_db=20")
    first, again, other = some.batch(3, 0), some.batch(3, 0), some.batch(4, 0)
    assert torch.equal(first.log_mel, again.log_mel)
    assert not torch.equal(first.log_mel, other.log_mel)


def test_the_head_on_the_features_is_the_model() -> None:
    torch.manual_seed(0)
    model = build_network(find_variant("nano").with_labels(3)).eval()
    log_mel = torch.randn(2, 100, 128)
    with torch.inference_mode():
        logits = model.mlp_head[1](torch.from_numpy(embed(model, log_mel)))
        assert logits.numpy() == pytest.approx(model(log_mel).numpy(), abs=1e-6)
