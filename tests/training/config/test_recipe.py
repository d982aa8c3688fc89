"""Recipes: what they may say, and how contradictions are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from core.errors import UserError
from training.config.recipe import RECIPES, TrainConfig, load_recipe
from training.config.setting_bounds import BOUNDS
from training.data.collection import load_collection
from training.study.loading import load_study


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
        (["batch_size=1000000000"], "batch_size to 1000000000, which is outside 1 to 65536"),
        (["workers=100000"], "workers to 100000"),
        (["threads=1000000"], "threads"),
        (["epochs=" + "9" * 4000], "epochs"),
        (["epochs=" + "9" * 5000], "int is wanted"),
        (["learning_rate=nan"], "makes no sense"),
        (["gain_db=nan"], "gain_db to nan"),
        (["noise_db=inf"], "noise_db to inf"),
        (["lengths_s=1,2,3,4,nan"], "lengths_s to nan"),
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


@pytest.mark.parametrize("value", ["9" * 10_000, "[" * 100_000 + "]" * 100_000, "[" * 300 + "]" * 300])
@pytest.mark.parametrize("read", [load_recipe, load_collection, load_study])
def test_toml_that_python_cannot_take_is_told(tmp_path: Path, read: Callable[[str], object], value: str) -> None:
    (tmp_path / "a.toml").write_text(f'variant = "ast-tiny"\nepochs = {value}\n')
    with pytest.raises(UserError, match="not valid TOML"):
        read(str(tmp_path / "a.toml"))


def test_a_number_too_large_for_its_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'variant = "ast-tiny"\nmean = {"9" * 4000}\n')
    with pytest.raises(UserError, match="float is wanted") as caught:
        load_recipe(str(tmp_path / "a.toml"))
    assert len(caught.value.problem) < 200


def test_every_number_of_a_recipe_has_bounds() -> None:
    """A setting that is added without them fails here."""
    hints = get_type_hints(TrainConfig)
    numbers = {name for name, hint in hints.items() if {int, float} & {hint, *get_args(hint)}}
    assert BOUNDS.keys() == numbers


@pytest.mark.parametrize(
    "text",
    [
        'names = ["a"]\n[sets.x]\n',
        "[sets.x]\nleave_out = 5\n",
        "[sets.x]\nleave_out = [[1]]\n",
        "[sets.x]\nlabels = 5\n",
    ],
)
def test_wrong_collections_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(UserError, match=r"a\.toml"):
        load_collection(str(tmp_path / "a.toml"))
