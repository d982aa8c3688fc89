"""Recipes cross from the command to the window in menu order."""

from __future__ import annotations

import json

import pytest

from core.errors import UserError
from core.run.recipe_summary import RecipeSummary, in_menu_order, recipes_from_json, recipes_to_json


def test_the_quick_recipes_come_first_and_the_others_by_name() -> None:
    names = ["starter", "zebra", "fine-tune", "ham", "few-clips"]
    ordered = in_menu_order(RecipeSummary(name, "", "") for name in names)
    assert [recipe.name for recipe in ordered] == ["few-clips", "fine-tune", "starter", "ham", "zebra"]


def test_recipes_come_back_as_they_were_written() -> None:
    recipes = (RecipeSummary("few-clips", "A few clips", "A new head.", 1.0), RecipeSummary("ham", "HAM", "…"))
    assert recipes_from_json(recipes_to_json(recipes)) == recipes
    assert json.loads(recipes_to_json(recipes))[1]["minutes"] is None


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[{"name": "ham"}]', '[{"name": "ham", "minutes": "soon"}]', "3"])
def test_a_list_that_is_none_is_reported(text: str) -> None:
    with pytest.raises(UserError):
        recipes_from_json(text)
