"""The plan of a run: its arguments, and reading it back from its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.training.plan import Results, TrainingPlan, find_results, parse_recipes, read_plan
from core.errors import UserError
from tests.app.training_fakes import RECIPES_JSON, finish_run, write_run


def test_results_are_found_from_a_folder_and_from_a_file(tmp_path: Path) -> None:
    finish_run(tmp_path / "run")
    plan = TrainingPlan("few-clips", Path("/birds"), tmp_path / "run", ("init=starter",), resumes=True)
    found = Results(tmp_path / "run" / "evaluation.json", tmp_path / "run" / "checkpoint", plan)
    assert find_results(tmp_path / "run") == found
    assert find_results(tmp_path / "run" / "evaluation.json") == found
    with pytest.raises(UserError, match="no results"):
        find_results(tmp_path)


def test_a_run_is_resumed_as_it_was_started(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert read_plan(tmp_path).arguments == [
        *("few-clips", "--data", "/birds", "--out", str(tmp_path), "--resume", "--control", "init=starter")
    ]
    for damaged in ("{}", "9" * 10_000, "[" * 100_000 + "]" * 100_000):
        (tmp_path / "run.json").write_text(damaged)
        with pytest.raises(UserError, match=r"run\.json"):
            read_plan(tmp_path)
    (tmp_path / "state.pt").unlink()
    with pytest.raises(UserError, match="no training run"):
        read_plan(tmp_path)


def test_recipes_come_with_the_quick_ones_first() -> None:
    recipes = parse_recipes(RECIPES_JSON)
    assert [recipe.name for recipe in recipes] == ["few-clips", "fine-tune", "esc50"]
    assert [recipe.minutes for recipe in recipes] == [1, 30, None]


@pytest.mark.parametrize(
    "text", ["", "[]x", "[{}]", "3", '[{"name": "a", "title": "b", "summary": "c", "minutes": "x"}]']
)
def test_a_damaged_list_of_recipes_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_recipes(text)
