"""A few clips are enough: a new last layer on a backbone that stays, published as a model like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import UsageError, UserError
from core.inference.tagger import load_tagger
from core.model.checkpoints.loading import load_checkpoint
from core.run.evaluation_report import EvaluationReport
from core.run.messages import (
    TrainingEpoch,
    TrainingFinished,
    TrainingStarted,
)
from tests.training.head_only.few_clips import few, resume, run, weights_of
from tests.training.runs import run as whole_model
from tests.training.runs import save_teacher
from training.config.loading import load_recipe
from training.head_only.training import train_head

pytestmark = pytest.mark.slow


def test_it_learns_and_the_tagger_takes_what_it_wrote(backbone: Path, clips: Path, tmp_path: Path) -> None:
    messages = run(few(backbone), clips, tmp_path)
    [started] = [message for message in messages if isinstance(message, TrainingStarted)]
    assert (started.n_clips, started.n_labels) == (20, 2)
    last, finished = messages[-2:]
    assert isinstance(last, TrainingEpoch)
    assert last.epoch == last.n_epochs == started.n_epochs
    assert isinstance(finished, TrainingFinished)
    assert finished.metrics["accuracy"] >= 0.95

    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert [label.id for label in tagger.labels] == ["noise", "tone"]
    silence = tagger.tag(np.full((200, 128), -15.942385, np.float32), 0)
    assert (silence.probabilities < tagger.thresholds).all()


def test_the_backbone_stays_as_it_was(backbone: Path, clips: Path, tmp_path: Path) -> None:
    run(few(backbone), clips, tmp_path)
    before, after = load_checkpoint(backbone), load_checkpoint(tmp_path / "checkpoint")
    assert after.config.variant == "nano"
    assert after.config.log_mel == before.config.log_mel
    changed = {name for name, tensor in after.weights.items() if not torch.equal(tensor, before.weights[name].half())}
    assert changed == {"mlp_head.1.weight", "mlp_head.1.bias"}


def test_without_held_out_folds_every_clip_is_tested_by_cross_validation(
    backbone: Path, clips: Path, tmp_path: Path
) -> None:
    run(few(backbone), clips, tmp_path)
    report = EvaluationReport.load(tmp_path / "checkpoint" / "evaluation.json")
    assert report.split == "5-fold cross-validation by groups"
    assert len(report.clips) == 20
    card = (tmp_path / "checkpoint" / "README.md").read_text()
    assert "20 held-out clips of sounds (5-fold cross-validation by groups)" in card
    assert "fitted on all clips" in card
    assert "The backbone was trained on other sounds" in card
    assert "any other sound may get a high score" in card


def test_held_out_folds_are_tested_and_nothing_else(backbone: Path, clips: Path, tmp_path: Path) -> None:
    run(few(backbone, "test_folds=5", "merge_r=2"), clips, tmp_path)
    report = EvaluationReport.load(tmp_path / "checkpoint" / "evaluation.json")
    assert report.split == "fold 5"
    assert {Path(clip.path).stem for clip in report.clips} == {"noise4", "noise9", "tone4", "tone9"}
    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    assert checkpoint.config.calibration
    assert checkpoint.config.merge.r == 2


def test_a_finished_run_is_left_alone_unless_it_is_resumed(backbone: Path, clips: Path, tmp_path: Path) -> None:
    config = few(backbone, "epochs=1")
    run(config, clips, tmp_path)
    with pytest.raises(UserError, match="holds a run already"):
        run(config, clips, tmp_path)
    before = weights_of(tmp_path)
    assert train_head(config, clips, tmp_path, lambda _message: None, resume=True) == tmp_path / "checkpoint"
    assert all(torch.equal(weights_of(tmp_path)[name], tensor) for name, tensor in before.items())


def test_another_run_is_not_resumed(backbone: Path, clips: Path, tmp_path: Path) -> None:
    run(few(backbone, "epochs=1"), clips, tmp_path)
    for setting, says in (("seed=5", "another seed"), ("test_folds=5", "another test_folds")):
        with pytest.raises(UserError, match=says):
            resume(few(backbone, "epochs=1", setting), clips, tmp_path)
    whole_model(clips, tmp_path / "whole", "epochs=1")
    with pytest.raises(UserError, match="trains the whole model"):
        resume(few(backbone, "epochs=1"), clips, tmp_path / "whole")
    with pytest.raises(UserError, match=r"another .*freeze"):
        whole_model(clips, tmp_path, "epochs=1", resume=True)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [("init=", "random weights"), ("loss=ce", "label by label"), ("validation_share=0.2", "no validation clips")],
)
def test_settings_that_make_no_sense_are_refused(
    backbone: Path, clips: Path, tmp_path: Path, setting: str, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        run(few(backbone, "variant=nano", "background=0", setting), clips, tmp_path)


def test_too_little_data_is_refused(backbone: Path, clips: Path, tmp_path: Path) -> None:
    def listed(*lines: str) -> Path:
        path = tmp_path / "list.csv"
        path.write_text("\n".join(["path,label,group", *(f"{clips}/{line}" for line in lines)]) + "\n")
        return path

    noise = [f"noise/noise{i}.wav,noise,{i}" for i in range(4)]
    with pytest.raises(UserError, match="only one class, Noise"):
        run(few(backbone), listed(*noise), tmp_path / "out")
    with pytest.raises(UserError, match=r"1 class has a single clip to learn from: Tone\."):
        run(few(backbone), listed(*noise, "tone/tone0.wav,tone,9"), tmp_path / "out")
    ungrouped = (*noise, "tone/tone0.wav,tone,", "tone/tone1.wav,tone,")
    same = listed(*(line.rsplit(",", 1)[0] + ",same" for line in ungrouped))
    with pytest.raises(UserError, match="one recording"):
        run(few(backbone), same, tmp_path / "out")


def test_a_new_last_layer_is_fitted_on_a_cnn_that_stays(data: Path, tmp_path: Path) -> None:
    start = save_teacher(tmp_path / "cnn", "nano-cnn", "other sounds", seed=1)
    settings = [f"init={start}", "epochs=2", "batch_size=8", "threads=1", "lengths_s=0.5", "length_weights=1"]
    folder = train_head(load_recipe("few-clips", [*settings, "time_budget_min=0.01"]), data, tmp_path / "out", print)
    assert folder is not None
    before, after = load_checkpoint(start), load_checkpoint(folder)
    assert after.config.model == before.config.model
    kept = {name for name in before.weights if not name.startswith("mlp_head.1.")}
    assert all(torch.equal(after.weights[name], before.weights[name]) for name in kept)
    assert after.config.provenance["teachers"] == []
