"""The model card shows the figures, how the epoch was chosen, what merging costs, and where weights came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from core.model.checkpoints.loading import load_checkpoint
from core.run.evaluation_report import EvaluationReport
from tests.training.evaluation.published_runs import finished_run, predictions, published, recipe, side


def test_the_card_has_the_first_figures_first_and_folds_the_others(tmp_path: Path) -> None:
    folder = published(finished_run(recipe(), test=predictions(side("2"), 1)), tmp_path)
    accuracy = EvaluationReport.load(folder / "evaluation.json").metrics["accuracy"]
    card = (folder / "README.md").read_text()
    first, folded = card.split("<details><summary>Further figures</summary>\n\n")
    folded = folded.split("\n\n</details>")[0]
    assert [line.split()[1] for line in first.splitlines() if line.startswith("* ")] == ["Accuracy", "mAP", "F1"]
    assert f"**{accuracy.value:.1%}** ({accuracy.low:.1%} to {accuracy.high:.1%})" in first
    assert len(folded.splitlines()) == 5
    assert "Clopper–Pearson" in card


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_the_card_counts_the_licences_and_says_which_were_taken(tmp_path: Path) -> None:
    run = finished_run(recipe(licences=("cc0", "cc-by")), test=predictions(side("2"), 1))
    licences = (("birds: CC0 1.0; CC BY 3.0 as a whole", 100), ("birds: CC0 1.0", 60), ("home: not stated", 20))
    run = dataclasses.replace(run, manifest=dataclasses.replace(run.manifest, licences=licences))
    card = (published(run, tmp_path) / "README.md").read_text()
    assert "(by kind: cc-by and cc0 100, cc0 60, not-stated 20; only cc0, cc-by were taken)" in card
    assert "* 60 clips: birds: CC0 1.0" in card
    plain = finished_run(recipe(), test=predictions(side("2"), 1))
    assert "(by kind: cc0 180)" in (published(plain, tmp_path / "b") / "README.md").read_text()
