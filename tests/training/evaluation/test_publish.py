"""What a run publishes: thresholds and calibration from the right clips, figures, and where the weights came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from core.errors import UserError
from core.model.checkpoints.loading import load_checkpoint
from core.run.evaluation_report import EvaluationReport
from tests.training.evaluation.published_runs import (
    CLIPS_A_SIDE,
    LABELS,
    finished_run,
    predictions,
    published,
    recipe,
    side,
)
from training.evaluation.publish import publish
from training.model.initialisation import Initialisation

pytestmark = pytest.mark.slow


def test_validation_clips_choose_calibration_and_thresholds(tmp_path: Path) -> None:
    test, validation = predictions(side("2"), 1), predictions(side("3"), 2)
    folder = published(finished_run(recipe(), test=test, validation=validation), tmp_path)
    config = load_checkpoint(folder).config
    assert len(config.calibration) == len(LABELS)
    assert all(scale < 0.8 for scale, _ in config.calibration)
    metrics = config.provenance["metrics"]
    assert metrics["ece"] < metrics["ece_uncalibrated"]
    card = (folder / "README.md").read_text()
    assert "optimistic" not in card
    assert "60 validation clips" in card
    other_test = published(
        finished_run(recipe(), test=predictions(side("2"), 9), validation=validation), tmp_path / "b"
    )
    assert load_checkpoint(other_test).config.calibration == config.calibration
    assert load_checkpoint(other_test).config.thresholds == config.thresholds


def test_without_validation_clips_one_threshold_is_fitted_on_the_test_side_and_called_optimistic(
    tmp_path: Path,
) -> None:
    folder = published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path)
    config = load_checkpoint(folder).config
    assert config.calibration == ()
    assert len(set(config.thresholds)) == 1
    card = (folder / "README.md").read_text()
    assert f"The threshold of {config.thresholds[0]:.2f}, the same for all labels" in card
    assert "optimistic" in card


def test_without_test_clips_there_are_no_figures(tmp_path: Path) -> None:
    published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path)
    message = publish(dataclasses.replace(finished_run(recipe()), notes=("Stopped after epoch 3.",)), tmp_path)
    folder = Path(message.checkpoint)
    assert set(load_checkpoint(folder).config.thresholds) == {0.5}
    assert not (folder / "evaluation.json").exists()  # of the run before
    card = (folder / "README.md").read_text()
    assert "Stopped after epoch 3." in card
    assert "%" not in card.split("## Data")[0]
    assert (message.report, message.metrics) == ("", {})


def test_the_report_names_every_clip_and_the_message_its_figures(tmp_path: Path) -> None:
    message = publish(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path)
    assert message.metrics == load_checkpoint(Path(message.checkpoint)).config.provenance["metrics"]
    report = EvaluationReport.load(Path(message.report))
    assert [Path(clip.path).name for clip in report.clips] == [f"2-{i}.wav" for i in range(CLIPS_A_SIDE)]
    assert all(Path(clip.path).is_absolute() for clip in report.clips)
    assert report.clips[-1].truth == ()
    assert message.metrics["accuracy"] == pytest.approx(report.metrics["accuracy"].value, abs=1e-4)
    assert message.metrics["accuracy_low"] < message.metrics["accuracy"] < message.metrics["accuracy_high"]
    labelled = CLIPS_A_SIDE - 3
    right = sum(report.confusion()[i][i] for i in range(len(LABELS)))
    assert right / labelled == pytest.approx(report.metrics["accuracy"].value)
    assert len(report.mistakes()) == labelled - right


def test_a_softmax_gets_one_temperature(tmp_path: Path) -> None:
    sides = {"test": predictions(side("2"), 1), "validation": predictions(side("3"), 2)}
    config = load_checkpoint(published(finished_run(recipe(loss="ce"), **sides), tmp_path)).config
    assert config.activation == "softmax"
    assert len(set(config.calibration)) == 1
    assert "one temperature" in (tmp_path / "checkpoint" / "README.md").read_text()


def test_a_run_that_went_on_from_weights_says_from_which_and_no_paths(tmp_path: Path) -> None:
    first = published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path / "first")
    run = finished_run(recipe(init=str(first)), test=predictions(side("2"), 2))
    start = Initialisation("weights of Starter", load_checkpoint(first).config, "content")
    second = published(dataclasses.replace(run, initialisation=start), tmp_path / "second")
    card, config = (second / "README.md").read_text(), load_checkpoint(second).config
    assert "from weights of Starter" in card
    assert "Its initial weights were trained on three" in card
    assert config.provenance["started_from"]["test_folds"] == ["2"]
    assert str(tmp_path) not in card + (second / "config.json").read_text()


def test_thresholds_are_kept_of_the_start_itself_whatever_init_names_by_now(tmp_path: Path) -> None:
    folder = published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path / "first")
    began = dataclasses.replace(load_checkpoint(folder).config, thresholds=(0.1, 0.2, 0.3))
    run = finished_run(recipe(init=str(folder), freeze=True, frame_loss=1.0), test=predictions(side("2"), 2))
    run = dataclasses.replace(run, initialisation=Initialisation("weights of Starter", began, "content"))
    config = load_checkpoint(published(run, tmp_path / "second")).config
    assert config.thresholds == (0.1, 0.2, 0.3)
    assert config.provenance["start"] == "weights of Starter"
    with pytest.raises(UserError, match="is gone"):
        published(
            dataclasses.replace(run, initialisation=Initialisation("weights of Starter", None, "content")),
            tmp_path / "third",
        )
