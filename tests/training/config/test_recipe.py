"""Recipes: what they may say, and how contradictions are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UserError
from training.config.loading import RECIPES, load_recipe
from training.data.collection_file import load_collection
from training.study.loading import load_study


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_every_recipe_loads(recipe: str) -> None:
    assert load_recipe(recipe).title


def test_settings_on_the_command_line_win() -> None:
    config = load_recipe("starter", ["epochs=3", "learning_rate=0.01", "test_folds=1,2", "lengths_s=1,2,3,4,5"])
    assert (config.optimisation.epochs, config.optimisation.learning_rate, config.data.test_folds) == (
        3,
        0.01,
        ("1", "2"),
    )
    assert config.augmentation.lengths_s == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_whole_numbers_in_a_recipe_do_for_any_number_or_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\ntest_folds = [5]\nwarmup_epochs = 2\nlengths_s = [5]\n')
    config = load_recipe(str(tmp_path / "a.toml"), ["warmup_epochs=0.5"])
    assert (config.data.test_folds, config.optimisation.warmup_epochs, config.augmentation.lengths_s) == (
        ("5",),
        0.5,
        (5.0,),
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["epochs"], "'epochs'"),
        (["epohcs=3"], "epohcs"),
        (["epochs=many"], "epochs.*many"),
        (["epochs=0"], "epochs to 0.* 1 "),
        (["loss=mse"], "loss to 'mse'"),
        (["variant=resnet"], "no model variant"),
        (["mixup=1.5"], "mixup to 1.5.*0 and 1"),
        (["lengths_s=1,2"], "2 .*length_weights 5"),
        (["lengths_s=1,2,3,4,20"], "lengths_s to 20.*0.5 and 10.24"),
        (["loss=ce"], "loss = ce .*background"),
        (["epochs=5.5"], "epochs.*5.5"),
        (["merge_r=-1"], "merge_r to -1"),
        (["patch_drop=1"], "patch_drop to 1"),
        (["row_drop=1"], "row_drop to 1"),
        (["column_drop=-0.1"], "column_drop to -0.1"),
        (["mixup_alpha=0"], "mixup_alpha to 0"),
        (["lengths_s="], "lengths_s has 0"),
        (["freeze=perhaps"], "freeze.*perhaps.*true or false"),
        (["select=best"], "select = best"),
        (["validation_folds=5"], "both in test_folds and in validation_folds"),
        (["accumulate=3"], "batch_size = .*accumulate = 3"),
        (["average_epochs=5,2"], r"average_epochs = \[5, 2\]"),
        (["loss=ce", "background=0"], "loss = ce .*overlay"),
        (["variant=", "init="], "neither a variant nor a checkpoint"),
        (["batch_size=1000000000"], "batch_size to 1000000000.* 1 and 65,536"),
        (["workers=100000"], "workers to 100000"),
        (["threads=1000000"], "threads"),
        (["epochs=" + "9" * 4000], "epochs"),
        (["epochs=" + "9" * 5000], "epochs"),
        (["learning_rate=nan"], "learning_rate to nan"),
        (["gain_db=nan"], "gain_db to nan"),
        (["noise_db=inf"], "noise_db to inf"),
        (["lengths_s=1,2,3,4,nan"], "lengths_s to nan"),
        (["sampler=random"], "sampler to 'random'"),
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
    with pytest.raises(UserError, match="variant"):
        load_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text('variant = "ast-tiny"\nepochs = "many"')
    with pytest.raises(UserError, match=r"epochs.*many"):
        load_recipe(str(tmp_path / "a.toml"))


@pytest.mark.parametrize("value", ["9" * 10_000, "[" * 100_000 + "]" * 100_000, "[" * 300 + "]" * 300])
@pytest.mark.parametrize("read", [load_recipe, load_collection, load_study])
def test_toml_that_python_cannot_take_is_told(tmp_path: Path, read: Callable[[str], object], value: str) -> None:
    (tmp_path / "a.toml").write_text(f'variant = "ast-tiny"\nepochs = {value}\n')
    with pytest.raises(UserError, match="not valid TOML"):
        read(str(tmp_path / "a.toml"))


def test_a_number_too_large_for_its_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'variant = "ast-tiny"\nmean = {"9" * 4000}\n')
    with pytest.raises(UserError, match="mean") as caught:
        load_recipe(str(tmp_path / "a.toml"))
    assert len(caught.value.problem) < 200


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
