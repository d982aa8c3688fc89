"""The published figures are those of the published weights, and a stopped run publishes none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from core.model.checkpoints.loading import load_checkpoint
from core.run.evaluation_report import EvaluationReport
from core.run.run_folder import CHECKPOINT_NAME, REPORT_NAME
from tests.training.runs import PLAIN, small
from training.data.run_data import load_run_data
from training.evaluation.metrics import accuracy
from training.loop.fabric import build_fabric
from training.loop.final_evaluation import as_published, publish_finished, publish_stopped
from training.loop.training_run import TrainingRun


def started(data: Path, *settings: str) -> TrainingRun:
    """A run after its first step."""
    config = small(*PLAIN, *settings)
    run = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    run.train_step(next(run.loader()))
    return run


def test_weights_are_rounded_as_the_checkpoint_stores_them(data: Path) -> None:
    model = started(data).final_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name, tensor in as_published(model).state_dict().items():
        expected = before[name].half().to(before[name].dtype) if tensor.is_floating_point() else before[name]
        assert torch.equal(tensor, expected)
        assert tensor.dtype == before[name].dtype
    assert any(not torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_figures_are_those_of_the_weights_in_the_checkpoint(data: Path, tmp_path: Path) -> None:
    run = started(data, "validation_folds=4")
    finished = publish_finished(run, tmp_path)
    assert finished is not None
    assert finished.checkpoint == str(tmp_path / CHECKPOINT_NAME)
    model, test = run.final_model(), run.data.test
    assert test is not None
    stored = load_checkpoint(Path(finished.checkpoint)).weights
    model.load_state_dict({name: stored[name].to(tensor.dtype) for name, tensor in model.state_dict().items()})
    scores = torch.from_numpy(run.logits(model, test)).sigmoid().numpy()
    assert finished.metrics["accuracy_unmerged"] == pytest.approx(accuracy(scores, test.targets), abs=1e-4)
    report = EvaluationReport.load(Path(finished.checkpoint) / REPORT_NAME)
    assert len(report.clips) == len(test)


def test_a_run_that_holds_nothing_out_claims_nothing(data: Path, tmp_path: Path) -> None:
    finished = publish_finished(started(data, "test_folds="), tmp_path)
    assert finished is not None
    assert (finished.metrics, finished.report) == ({}, "")


@pytest.mark.parametrize(("validation", "is_noted"), [("", True), ("validation_folds=4", False)])
def test_the_best_epoch_on_held_out_clips_is_noted_only_where_no_others_chose_one(
    data: Path, tmp_path: Path, validation: str, is_noted: bool
) -> None:
    run = started(data, *filter(None, [validation]))
    run.best_on_test = 0.75
    finished = publish_finished(run, tmp_path)
    assert finished is not None
    provenance = load_checkpoint(Path(finished.checkpoint)).config.provenance
    assert provenance["best_on_test"] == (0.75 if is_noted else None)


def test_the_first_process_alone_writes(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(data)
    monkeypatch.setattr(Fabric, "is_global_zero", False)
    assert publish_finished(run, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_publishes_its_model_without_figures_and_says_so(data: Path, tmp_path: Path) -> None:
    run = started(data)
    stopped = publish_stopped(run, tmp_path)
    assert (stopped.metrics, stopped.report) == ({}, "")
    checkpoint = load_checkpoint(Path(stopped.checkpoint))
    model = as_published(run.final_model())
    assert all(torch.equal(checkpoint.weights[name].to(own.dtype), own) for name, own in model.state_dict().items())
    card = (Path(stopped.checkpoint) / "README.md").read_text()
    assert f"after step {run.step} of {run.n_steps}" in card
