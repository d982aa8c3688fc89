"""A few clips are enough: a new last layer on a backbone that stays, published as a model like any other."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UsageError, UserError
from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, load_checkpoint, save_checkpoint
from core.model.networks.build import build_network
from core.model.variants import find_variant
from core.run.evaluation_report import EvaluationReport
from core.run.messages import (
    Command,
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from tests.training.runs import run as whole_model
from tests.training.runs import write_clips
from training.config.recipe import TrainConfig, load_recipe
from training.head_only import feature_extraction
from training.head_only.feature_extraction import rounds_for
from training.head_only.training import train_head
from training.loop.control import RunControl


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of four labels that are not those of the clips; its weights are random and hear well enough."""
    torch.manual_seed(0)
    model = build_network(find_variant("nano").with_labels(4))
    labels = LabelSet.from_ids(["a", "b", "c", "d"])
    log_mel = LogMelConfig(mean=-5.0, std=5.0)
    described = CheckpointConfig(
        "Nano", "nano", model.config, log_mel, labels, (0.5,) * 4, provenance={"data": "other sounds"}
    )
    folder = tmp_path_factory.mktemp("backbone")
    save_checkpoint(Checkpoint(described, model.state_dict()), folder, dtype=torch.float32)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("data") / "sounds")


def few(backbone: Path, *settings: str) -> TrainConfig:
    quick = ("epochs=3", "batch_size=8", "threads=1", "lengths_s=0.5,1", "length_weights=1,1", "background=0.2")
    return load_recipe("few-clips", [f"init={backbone}", *quick, *settings])


def run(config: TrainConfig, data: Path, out: Path, control: RunControl | None = None) -> list[TrainingMessage]:
    messages: list[TrainingMessage] = []
    train_head(config, data, out, messages.append, control=control)
    return messages


class StopsSoon(RunControl):
    """Lets a run have a batch or two."""

    def __init__(self) -> None:
        super().__init__()
        self._n_polls = 0

    def poll(self) -> Command | None:
        self._n_polls += 1
        return "stop" if self._n_polls == 2 else None


def resume(config: TrainConfig, data: Path, out: Path) -> list[TrainingMessage]:
    messages: list[TrainingMessage] = []
    train_head(config, data, out, messages.append, resume=True)
    return messages


def weights_of(out: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(out / "checkpoint").weights


def test_it_learns_and_the_tagger_takes_what_it_wrote(backbone: Path, clips: Path, tmp_path: Path) -> None:
    messages = run(few(backbone), clips, tmp_path)
    [started] = [one for one in messages if isinstance(one, TrainingStarted)]
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
    changed = {name for name, one in after.weights.items() if not torch.equal(one, before.weights[name].half())}
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
    assert "learnt from all clips" in card
    assert "The backbone was trained on other sounds" in card
    assert "any other sound may get the score of the label it is nearest to" in card


def test_held_out_folds_are_tested_and_nothing_else(backbone: Path, clips: Path, tmp_path: Path) -> None:
    run(few(backbone, "test_folds=5", "merge_r=2"), clips, tmp_path)
    report = EvaluationReport.load(tmp_path / "checkpoint" / "evaluation.json")
    assert report.split == "fold 5"
    assert {Path(clip.path).stem for clip in report.clips} == {"noise4", "noise9", "tone4", "tone9"}
    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    assert checkpoint.config.calibration
    assert checkpoint.config.merge.r == 2


def test_stop_ends_it_and_pause_waits(backbone: Path, clips: Path, tmp_path: Path) -> None:
    control = RunControl()
    for wish in ("pause", "resume", "stop"):
        control.request(wish)
    messages = run(few(backbone), clips, tmp_path, control)
    assert [one.paused for one in messages if isinstance(one, TrainingPaused)] == [True, False]
    assert isinstance(messages[-1], TrainingStopped)
    assert not (tmp_path / "checkpoint").exists()


def test_a_finished_run_is_left_alone_unless_it_is_resumed(backbone: Path, clips: Path, tmp_path: Path) -> None:
    config = few(backbone, "epochs=1")
    run(config, clips, tmp_path)
    with pytest.raises(UserError, match="holds a run already"):
        run(config, clips, tmp_path)
    before = weights_of(tmp_path)
    assert train_head(config, clips, tmp_path, lambda _message: None, resume=True) == tmp_path / "checkpoint"
    assert all(torch.equal(weights_of(tmp_path)[name], one) for name, one in before.items())


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


def test_the_number_of_rounds_follows_from_the_number_of_clips(
    backbone: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [rounds_for(n, 40) for n in (4, 40, 100, 400, 1000, 100_000)] == [40, 38, 15, 4, 2, 1]
    monkeypatch.setattr(feature_extraction, "VIEWS", 40)  # of 20 clips
    seen: list[TrainingMessage] = []

    def slow(message: TrainingMessage) -> None:
        seen.append(message)
        time.sleep(0.05)  # as a machine that is busy with other things

    train_head(few(backbone, "epochs=40"), clips, tmp_path / "slow", slow)
    messages = run(few(backbone, "epochs=40"), clips, tmp_path / "quick")
    [started] = [one for one in messages if isinstance(one, TrainingStarted)]
    assert started.n_epochs == 3, "two rounds, and the fit"
    slow_weights, quick_weights = weights_of(tmp_path / "slow"), weights_of(tmp_path / "quick")
    assert all(torch.equal(slow_weights[name], one) for name, one in quick_weights.items())
    first = messages[messages.index(started) + 1]
    assert isinstance(first, TrainingStep)
    assert (first.step, first.n_steps) == (0, 6)
    assert first.seconds_left > 0, "the expected time is told before the first batch"


def test_a_run_that_is_stopped_anywhere_resumes_to_the_same_weights(
    backbone: Path, clips: Path, tmp_path: Path
) -> None:
    config = few(backbone, "epochs=2", "time_budget_min=1000")
    whole = run(config, clips, tmp_path / "whole")
    n_stops = 0
    for part in range(50):
        messages: list[TrainingMessage] = []
        control = StopsSoon()
        if train_head(config, clips, tmp_path / "broken", messages.append, control=control, resume=part > 0):
            break
        assert isinstance(messages[-1], TrainingStopped)
        n_stops += 1
    assert 6 <= n_stops < 10, "within the whole clips, and after each batch of two rounds of three"
    assert [one.n_epochs for one in whole if isinstance(one, TrainingStarted)] == [3]
    expected, found = weights_of(tmp_path / "whole"), weights_of(tmp_path / "broken")
    assert all(torch.equal(found[name], one) for name, one in expected.items())


def test_a_time_budget_is_asked_once(backbone: Path, clips: Path, tmp_path: Path) -> None:
    control = RunControl()
    config = few(backbone, "epochs=40", "time_budget_min=0.000001")

    def stop_in_first_round(message: TrainingMessage) -> None:
        if isinstance(message, TrainingStep):
            control.request("stop")

    assert train_head(config, clips, tmp_path, stop_in_first_round, control=control) is None
    [started] = [one for one in resume(config, clips, tmp_path) if isinstance(one, TrainingStarted)]
    assert started.n_epochs == 2, "one round"
    again = resume(few(backbone, "epochs=40", "time_budget_min=100"), clips, tmp_path)
    assert [one.n_epochs for one in again if isinstance(one, TrainingStarted)] == [2]


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
    with pytest.raises(UserError, match="one class only, Noise"):
        run(few(backbone), listed(*noise), tmp_path / "out")
    with pytest.raises(UserError, match=r"1 class has a single clip to learn from: Tone\."):
        run(few(backbone), listed(*noise, "tone/tone0.wav,tone,9"), tmp_path / "out")
    ungrouped = (*noise, "tone/tone0.wav,tone,", "tone/tone1.wav,tone,")
    same = listed(*(line.rsplit(",", 1)[0] + ",same" for line in ungrouped))
    with pytest.raises(UserError, match="one recording"):
        run(few(backbone), same, tmp_path / "out")
