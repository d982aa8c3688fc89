"""`main.py recipes`: what can be trained, in the order in which people should see it. Reads TOML; loads no torch."""

from __future__ import annotations

import sys

from rich.table import Table

from core.cli.terminal.console import PlainConsole, plain
from core.run.recipe_summary import RecipeSummary, in_menu_order, recipes_to_json
from core.terminal_text import shown
from training.config.recipe import RECIPES, load_recipe


def list_recipes() -> tuple[RecipeSummary, ...]:
    """Those that ship: the quick ones first, the others by name. Raises UserError for one that is damaged."""
    configs = [load_recipe(path.stem) for path in RECIPES.glob("*.toml")]
    return in_menu_order(RecipeSummary(config.name, config.title, config.summary) for config in configs)


def run_recipes(as_json: bool) -> int:
    """Print them: a JSON list, a table on a terminal, or one plain line each; 0."""
    recipes = list_recipes()
    if as_json:
        print(recipes_to_json(recipes))
    elif sys.stdout.isatty():
        table = Table("recipe", "title", "what it does")
        for recipe in recipes:
            table.add_row(*map(plain, (recipe.name, recipe.title, recipe.summary)))
        PlainConsole().print(table)
    else:
        for recipe in recipes:
            print(shown(f"{recipe.name}: {recipe.summary or recipe.title}"))
    return 0
