"""The check reports what a recipe's split would refuse, and no more than a warning while no recipe is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.labels import LabelSet
from core.run.data_report import Finding
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.data.manifest import LabelledClip, Manifest
from training.data_check.split_findings import USUAL_TEST_FOLDS, split_findings

LABELS = LabelSet.from_ids(["bell", "rain"])


def manifest(folds: str, group: str = "") -> Manifest:
    """A clip of each label in each of the folds, one letter each; of one recording where a group is given."""
    clips = tuple(
        LabelledClip(Path(f"{fold}{label.id}{i}.wav"), (label.index,), fold, group)
        for label in LABELS
        for i, fold in enumerate(folds)
    )
    return Manifest("clips", clips, LABELS, ())


def found(
    clips: Manifest, config: TrainConfig | None = None, test_folds: str = "", duration_s: float = 5.0
) -> list[Finding]:
    return split_findings(clips, config, test_folds, [duration_s] * len(clips.clips))


def recipe(*settings: str) -> TrainConfig:
    return load_recipe("esc50-scratch", list(settings))


def test_clips_in_five_folds_suit_every_recipe_of_them() -> None:
    five = manifest("12345")
    assert found(five) == []
    assert found(five, test_folds="3") == []
    assert found(five, recipe()) == []


def test_without_clips_there_is_nothing_to_split() -> None:
    assert found(Manifest("clips", (), LABELS, ())) == []


@pytest.mark.parametrize(("folds", "severity"), [("12", "warning"), ("ab", "note")])
def test_without_the_usual_fold_other_folds_are_proposed(folds: str, severity: str) -> None:
    [finding] = found(manifest(folds))
    assert (finding.kind, finding.severity) == ("split", severity)
    assert ", ".join(folds) in finding.text
    assert "test_folds" in finding.remedy


def test_what_the_usual_recipes_refuse_is_a_warning_and_an_error_once_its_folds_are_chosen() -> None:
    only_held_out = manifest("".join(USUAL_TEST_FOLDS))
    [warning] = found(only_held_out)
    [error] = found(only_held_out, test_folds="".join(USUAL_TEST_FOLDS))
    assert (warning.severity, error.severity) == ("warning", "error")
    assert error.text in warning.text
    assert warning.remedy == error.remedy


def test_a_recipe_of_unknown_folds_is_an_error() -> None:
    [finding] = found(manifest("12345"), recipe("test_folds=9"))
    assert (finding.kind, finding.severity) == ("split", "error")
    assert "9" in finding.text


def test_windows_that_would_join_clips_are_an_error_of_a_recipe_with_one_label_a_window() -> None:
    config = recipe("loss=ce", "lengths_s=5", "length_weights=1", "mixup=0", "background=0", "overlay=0")
    assert found(manifest("12345"), config, duration_s=5.0) == []
    [finding] = found(manifest("12345"), config, duration_s=2.0)
    assert finding.severity == "error"
    assert found(manifest("12345"), config, duration_s=0.0) == [], "no clip can be read: reported elsewhere"


def test_one_recording_alone_is_no_ground_for_choosing_the_last_layer() -> None:
    clips = manifest("12", group="walk")
    [finding] = found(clips, load_recipe("few-clips"))
    assert (finding.kind, finding.severity) == ("shared_source", "error")
    assert found(manifest("12"), load_recipe("few-clips")) == []
