"""Whole runs on scenes: only training clips are mixed, runs resume, and what is published says how it is read live."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.model.checkpoints.loading import load_checkpoint
from core.run.messages import TrainingEpoch
from tests.training.runs import PLAIN, assert_same_run, run, small
from training.data.run_data import load_run_data
from training.loop.control import RunControl
from training.loop.fabric import build_fabric
from training.loop.training_run import TrainingRun
from training.scenes import live_thresholds
from training.scenes.batches import SceneBatches

pytestmark = pytest.mark.slow

SCENES = (*PLAIN, "scenes=16", "frame_loss=1", "reverb_share=0", "lengths_s=0.5,1.0", "length_weights=1,1")


@pytest.fixture(autouse=True)
def short_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_thresholds, "N_SCENES", 2)
    monkeypatch.setattr(live_thresholds, "N_FLOORS", 1)
    monkeypatch.setattr(live_thresholds, "SCENE_S", 6.0)


def test_no_clip_of_another_side_is_ever_mixed(data: Path) -> None:
    config = small(*SCENES, "validation_folds=4")
    run_data = load_run_data(config, data, None, lambda _message: None)
    trained = TrainingRun(config, run_data, build_fabric(config))
    assert isinstance(trained.batches, SceneBatches)
    assert run_data.sounds is not None
    mixed = trained.batches._clips.sounds
    assert len(mixed) == len(run_data.split.train)
    held_out = {clip.path for clip in (*run_data.split.test, *run_data.split.validation)}
    assert not held_out & {clip.path for clip in run_data.split.train}
    sounds = run_data.sounds
    assert sounds.test is not None
    of_train = {mixed.samples_of(i).tobytes() for i in range(len(mixed))}
    assert not of_train & {sounds.test.samples_of(i).tobytes() for i in range(len(sounds.test))}


def test_a_run_learns_from_scenes_and_brings_its_live_view(data: Path, tmp_path: Path) -> None:
    messages = run(data, tmp_path / "run", *SCENES, "epochs=6", "validation_folds=4")
    losses = [message.loss for message in messages if isinstance(message, TrainingEpoch)]
    assert losses[-1] < losses[0]
    checkpoint = load_checkpoint(tmp_path / "run" / "checkpoint")
    thresholds = checkpoint.config.live["starts_from"]
    assert len(thresholds) == 2
    assert all(0 < threshold < 1 for threshold in thresholds)


def test_a_resumed_run_is_the_run_that_was_never_stopped(data: Path, tmp_path: Path) -> None:
    settings = (*SCENES, "epochs=2")
    run(data, tmp_path / "whole", *settings)
    control = RunControl()
    control.request("stop")
    run(data, tmp_path / "parts", *settings, control=control)
    run(data, tmp_path / "parts", *settings, resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
