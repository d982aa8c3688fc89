"""Recipes: what they may say, and how contradictions are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from training.config import RECIPES, load_recipe


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_every_recipe_loads(recipe: str) -> None:
    assert load_recipe(recipe).title


def test_settings_on_the_command_line_win() -> None:
    config = load_recipe("starter", ["epochs=3", "learning_rate=0.01", "test_folds=1,2", "lengths_s=1,2,3,4,5"])
    assert (config.epochs, config.learning_rate, config.test_folds) == (3, 0.01, ("1", "2"))
    assert config.lengths_s == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_whole_numbers_in_a_recipe_do_for_any_number_or_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\ntest_folds = [5]\nwarmup_epochs = 2\nlengths_s = [5]\n')
    config = load_recipe(str(tmp_path / "a.toml"), ["warmup_epochs=0.5"])
    assert (config.test_folds, config.warmup_epochs, config.lengths_s) == (("5",), 0.5, (5.0,))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["epochs"], "is no setting"),
        (["epohcs=3"], "no recipe has"),
        (["epochs=many"], "int is wanted"),
        (["epochs=0"], "under 1"),
        (["loss=mse"], "not known"),
        (["variant=resnet"], "no model variant"),
        (["mixup=1.5"], "outside 0 to 1"),
        (["lengths_s=1,2"], "differ in number"),
        (["lengths_s=1,2,3,4,20"], "outside 0.5 to 10.24"),
        (["loss=ce"], "cannot learn clips without a label"),
        (["epochs=5.5"], "int is wanted"),
        (["merge_r=-1"], "negative"),
        (["patch_drop=1"], "outside 0 to 1"),
        (["row_drop=1"], "outside 0 to 1"),
        (["column_drop=-0.1"], "outside 0 to 1"),
        (["mixup_alpha=0"], "no distribution"),
        (["lengths_s="], "are empty"),
        (["freeze=perhaps"], "bool is wanted"),
        (["select=best"], "there are none"),
        (["validation_folds=5"], "both in test_folds and in validation_folds"),
        (["accumulate=3"], "does not divide into 3 parts"),
        (["average_epochs=5,2"], "is no range"),
        (["loss=ce", "background=0"], "overlay has two"),
        (["variant=", "init="], "neither a variant nor a checkpoint"),
        (["sampler=random"], "shuffle or weighted or capped"),
    ],
)
def test_wrong_settings_are_refused(settings: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        load_recipe("starter", settings)


def test_wrong_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no recipe 'nothing'"):
        load_recipe("nothing")
    (tmp_path / "a.toml").write_text("epochs = ")
    with pytest.raises(UserError, match="not valid TOML"):
        load_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text("epochs = 3")
    with pytest.raises(UserError, match="does not say its variant"):
        load_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\nepochs = "many"')
    with pytest.raises(UserError, match="wrong kind"):
        load_recipe(str(tmp_path / "a.toml"))
