"""Batches of scenes: a function of their place, with what is known of each label in each column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.variants import find_variant
from tests.training.runs import small
from training.data.clip_sounds import ClipSounds
from training.scenes.activity import SILENT, SOUNDING, UNSURE
from training.scenes.batches import SceneBatches, SceneClips, clip_weights, label_states, window_states
from training.scenes.mixing import Scene, SceneSound
from training.scenes.yamnet import Taught, Yamnet

TARGETS = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
KNOWN = np.array([[True, True, False], [True, True, True]])
CENTRES_S = np.array([0.08, 0.24])
LENGTHS = ("lengths_s=0.5,1.0", "length_weights=1,1")
SCENES = ("scenes=8", "batch_size=4", "frame_loss=1", "patch_drop=0", *LENGTHS)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> SceneClips:
    path = tmp_path_factory.mktemp("sounds") / "sounds.i16"
    rng = np.random.default_rng(0)
    samples = np.concatenate([rng.standard_normal(16_000) * 3000, np.sin(np.arange(8000) * 0.3) * 9000])
    path.write_bytes(samples.astype("<i2").tobytes())
    return SceneClips(ClipSounds(path, np.array([0, 16_000, 24_000])), TARGETS, KNOWN)


def batches(clips: SceneClips, *settings: str) -> SceneBatches:
    model = find_variant("ast-tiny-16").model
    assert isinstance(model, TransformerConfig)
    return SceneBatches(clips, small(*SCENES, *settings), LogMelConfig(), model, None)


def state(*frames: int) -> np.ndarray:
    return np.array(frames, np.int8)


def test_a_batch_depends_on_its_place_alone(clips: SceneClips) -> None:
    first, again, other = batches(clips)[1, 0], batches(clips)[1, 0], batches(clips)[1, 1]
    assert torch.equal(first.log_mel, again.log_mel)
    assert first.log_mel.shape != other.log_mel.shape or not torch.equal(first.log_mel, other.log_mel)
    assert len(batches(clips)) == 2


def test_targets_follow_the_states_of_columns(clips: SceneClips) -> None:
    for index in range(4):
        batch = batches(clips)[1, index]
        assert batch.scenes is not None
        columns = batch.scenes.columns
        assert torch.equal(batch.targets > 0, (columns == SOUNDING).any(dim=1))
        assert torch.equal(batch.scenes.known, (columns == SOUNDING).any(dim=1) | (columns == SILENT).all(dim=1))
        assert batch.scenes.scores is None
        half = batch.part(0, 2)
        assert half.scenes is not None
        assert torch.equal(half.scenes.columns, columns[:2])


def test_a_label_that_a_clip_may_have_is_unsure_while_the_clip_is_heard(clips: SceneClips) -> None:
    sound = SceneSound(0, state(*[SOUNDING] * 16, *[SILENT] * 16))
    states = label_states(Scene(np.zeros(1, np.float32), (sound,)), clips, CENTRES_S, 16)
    assert states.tolist() == [[SOUNDING, SILENT, UNSURE], [SILENT, SILENT, SILENT]]


def test_two_sounds_together_have_the_labels_of_both(clips: SceneClips) -> None:
    both = (SceneSound(0, state(*[SOUNDING] * 32)), SceneSound(1, state(*[SILENT] * 16, *[SOUNDING] * 16)))
    states = label_states(Scene(np.zeros(1, np.float32), both), clips, CENTRES_S, 16)
    assert states.tolist() == [[SOUNDING, SILENT, UNSURE], [SOUNDING, SOUNDING, UNSURE]]
    assert window_states(states[None]).tolist() == [[SOUNDING, SOUNDING, UNSURE]]


def test_rare_labels_are_drawn_more_often() -> None:
    targets = np.array([[1, 0]] * 16 + [[0, 1]] + [[0, 0]] * 4, np.float32)
    weights = clip_weights(targets, 0.5)
    assert weights[0] == pytest.approx(0.25)
    assert weights[16] == pytest.approx(1.0)
    assert weights[17] == pytest.approx(0.5)
    assert set(clip_weights(targets, 0.0)) == {1.0}


def test_the_teacher_hears_the_student_s_own_mix(clips: SceneClips, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[np.ndarray] = []

    class Listening:
        def hear(self, samples: np.ndarray) -> Taught:
            heard.append(samples)
            return Taught(np.zeros((1, 5), np.float32), np.zeros((1, 7), np.float32))

    own = batches(clips, "freq_masks=0", "time_masks=0")
    monkeypatch.setattr(own, "_teacher", Listening())
    batch = own[1, 0]
    config = LogMelConfig()
    for row, samples in enumerate(heard):
        frames = torch.from_numpy(config.normalise(own._log_mel(samples)))
        torch.testing.assert_close(batch.log_mel[row], frames)
    assert batch.scenes is not None
    assert batch.scenes.scores is not None
    assert batch.scenes.scores.shape == (4, 1, 5)


def test_yamnet_is_asked_for_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"yamnet\.tflite"):
        Yamnet(tmp_path / "yamnet.tflite")
