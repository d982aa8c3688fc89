"""What a run leaves behind: thresholds and calibration from the right clips, and a card that says only what is so."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import load_checkpoint
from core.model.networks.build import build_network
from core.model.variants import find_variant
from core.run.evaluation_report import EvaluationReport
from training.config.recipe import TrainConfig
from training.data.manifest import LabelledClip, Manifest, Split
from training.evaluation.publish import Predictions, PublishedRun, merge_schedule, publish
from training.model.initialisation import Initialisation

LABELS = LabelSet.from_ids(["bell", "dog", "rain"])
CLIPS_A_SIDE = 60


def recipe(**settings: Any) -> TrainConfig:
    return TrainConfig(name="three", title="Three", variant="ast-tiny-16", **{"test_folds": ("2",), **settings})


def side(fold: str) -> tuple[LabelledClip, ...]:
    """60 clips, every third of a label, the last three of none."""
    labels = [(i % 3,) if i < CLIPS_A_SIDE - 3 else () for i in range(CLIPS_A_SIDE)]
    return tuple(LabelledClip(Path(f"{fold}-{i}.wav"), one, fold, "") for i, one in enumerate(labels))


def predictions(clips: tuple[LabelledClip, ...], seed: int, r: int = 0) -> Predictions:
    """Logits that are far too sure, and a little better unmerged."""
    truth = np.zeros((len(clips), len(LABELS)), np.float32)
    for row, clip in zip(truth, clips, strict=True):
        row[list(clip.labels)] = 1
    noise = np.random.default_rng(seed).normal(0, 1, truth.shape)
    logits = (6 * (2.2 * truth - 1.5 + noise)).astype(np.float32)
    return Predictions(clips, truth, merge_schedule(r, 512), logits, (logits + 3 * truth).astype(np.float32))


def finished_run(
    config: TrainConfig, test: Predictions | None = None, validation: Predictions | None = None
) -> PublishedRun:
    sides = side("1"), side("3") if validation else (), side("2") if test else ()
    manifest = Manifest("three", tuple(clip for one in sides for clip in one), LABELS, (("CC0", 180),))
    torch.manual_seed(0)
    model = build_network(find_variant(config.variant).with_labels(len(LABELS)))
    return PublishedRun(config, manifest, Split(*sides, 0), LogMelConfig(), model, test, validation)


def published(run: PublishedRun, out: Path) -> Path:
    """The folder of the checkpoint."""
    return Path(publish(run, out).checkpoint)


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


def test_the_card_has_the_first_figures_first_and_folds_the_others(tmp_path: Path) -> None:
    folder = published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path)
    accuracy = EvaluationReport.load(folder / "evaluation.json").metrics["accuracy"]
    card = (folder / "README.md").read_text()
    first, folded = card.split("<details><summary>Further figures</summary>\n\n")
    folded = folded.split("\n\n</details>")[0]
    assert [line.split()[1] for line in first.splitlines() if line.startswith("* ")] == ["accuracy", "mAP", "F1"]
    assert f"**{accuracy.value:.1%}** ({accuracy.low:.1%} to {accuracy.high:.1%})" in first
    assert len(folded.splitlines()) == 5
    assert "Clopper–Pearson" in card


def test_a_softmax_gets_one_temperature(tmp_path: Path) -> None:
    sides = {"test": predictions(side("2"), 1), "validation": predictions(side("3"), 2)}
    config = load_checkpoint(published(finished_run(recipe(loss="ce"), **sides), tmp_path)).config
    assert config.activation == "softmax"
    assert len(set(config.calibration)) == 1
    assert "one temperature" in (tmp_path / "checkpoint" / "README.md").read_text()


def test_the_card_says_how_the_epoch_was_chosen_and_what_the_papers_way_would_read(tmp_path: Path) -> None:
    run = finished_run(recipe(), test=predictions(side("2"), 1))
    card = (published(run, tmp_path) / "README.md").read_text()
    assert "last epoch" in card
    assert "Some papers" not in card
    card = (published(dataclasses.replace(run, best_on_test=0.987), tmp_path) / "README.md").read_text()
    figure = load_checkpoint(tmp_path / "checkpoint").config.provenance["metrics"]["accuracy"]
    assert f"98.7% instead of {figure:.1%}" in card.replace("\n", " ")
    best = recipe(select="best", validation_folds=("3",))
    sides = {"test": predictions(side("2"), 1), "validation": predictions(side("3"), 2)}
    card = (published(finished_run(best, **sides), tmp_path) / "README.md").read_text()
    assert "best epoch on 60 validation clips" in card


def test_the_card_says_what_merging_costs(tmp_path: Path) -> None:
    run = finished_run(recipe(merge_r=16), test=predictions(side("2"), 1, r=16))
    folder = published(run, tmp_path)
    config = load_checkpoint(folder).config
    assert config.merge.describe() == "constant 16"
    unmerged = config.provenance["metrics"]["accuracy_unmerged"]
    assert unmerged > config.provenance["metrics"]["accuracy"]
    assert f"constant 16; accuracy without: {unmerged:.1%}" in (folder / "README.md").read_text()


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


def test_a_teacher_whose_own_teacher_may_have_heard_the_held_out_clips_is_doubted(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"name": "Owl", "variant": "nano", "data": "three", "test_folds": ["2"], "went_on": False}
    teacher = {**facts, "accuracy": None, "teachers": []}
    run = finished_run(recipe(), test=predictions(side("2"), 1))

    def card(*own: dict[str, Any]) -> str:
        taught = dataclasses.replace(run, teachers=({**teacher, "teachers": list(own)},))
        return (published(taught, tmp_path) / "README.md").read_text()

    assert "too optimistic" not in card()
    assert "too optimistic" not in card(teacher)
    assert "too optimistic" in card({**teacher, "test_folds": ["1"]})
    assert "too optimistic" in card({**teacher, "teachers": [{**teacher, "data": "others"}]})
