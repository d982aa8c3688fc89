"""Batches of scenes: a function of their place, with what is known of each label in each column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.variants import find_variant
from tests.training.runs import small
from training.config.augmentation import AugmentationSettings
from training.config.scenes import SceneSettings
from training.data.clip_frames import ClipFrames
from training.data.clip_sounds import ClipSounds
from training.scenes.activity import SILENT, SOUNDING, UNSURE
from training.scenes.batches import (
    SceneBatches,
    SceneClips,
    label_states,
    window_states,
)
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


def test_a_recorded_room_is_a_floor_and_no_longer_a_sound(clips: SceneClips) -> None:
    with_floor = replace(clips, is_floor=np.array([False, True]))
    settings = SceneSettings(scenes=1, single_share=0.5, empty_share=0.2, recorded_floor_share=1.0)
    mixer = with_floor.mixer(settings, AugmentationSettings())
    scenes = [mixer.mix(16_000, np.random.default_rng(seed)) for seed in range(30)]
    assert {scene.floor for scene in scenes} == {1}
    assert {sound.clip for scene in scenes for sound in scene.sounds} == {0}


def test_nothing_is_said_of_a_floor_s_own_label_and_all_others_are_silent(clips: SceneClips) -> None:
    states = label_states(Scene(np.zeros(1, np.float32), (), floor=1), clips, CENTRES_S, 16)
    assert states.tolist() == [[SILENT, UNSURE, SILENT]] * 2


def test_only_clips_of_floor_labels_alone_are_floors(clips: SceneClips) -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], np.float32)
    frames = ClipFrames(np.ones(3, np.int64), targets, None, None)  # pyright: ignore[reportArgumentType]
    made = SceneClips.of(clips.sounds, frames, np.ones(3, bool), 16_000, np.array([True, False, False]))
    assert made.is_floor is not None
    assert made.is_floor.tolist() == [True, False, False]
    assert SceneClips.of(clips.sounds, frames, np.ones(3, bool), 16_000, np.zeros(3, bool)).is_floor is None


def test_a_teacher_hears_no_class_in_a_scene_of_nothing_but_a_floor(
    clips: SceneClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Certain:
        def hear(self, samples: np.ndarray) -> Taught:
            del samples
            return Taught(np.full((1, 5), 0.9, np.float32), np.ones((1, 7), np.float32))

    own = batches(clips, "empty_share=0.5", "single_share=0.5")
    monkeypatch.setattr(own, "_teacher", Certain())
    scores, empty = [], []
    for index in range(4):
        scenes = own[1, index].scenes
        assert scenes is not None
        assert scenes.scores is not None
        scores += scenes.scores.amax(dim=(1, 2)).tolist()
        empty += (scenes.columns == SILENT).all(dim=2).all(dim=1).tolist()
    assert [score == 0 for score in scores] == empty
    assert len(set(empty)) == 2


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
