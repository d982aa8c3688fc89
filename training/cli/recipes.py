"""`soundmark recipes` lists the training recipes, the quick ones first. Reads TOML; loads no torch."""

from __future__ import annotations

import argparse
import sys

from rich.table import Table

from core.cli.terminal.console import PlainConsole, plain
from core.run.recipe_summary import RecipeSummary, in_menu_order, recipes_to_json
from core.terminal_text import shown
from training.config.loading import RECIPES, load_recipe


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `recipes`."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(namespace: argparse.Namespace) -> int:
    """Print the recipes: a JSON list, a table on a terminal, or one plain line each; 0."""
    recipes = list_recipes()
    if namespace.json:
        print(recipes_to_json(recipes))
    elif sys.stdout.isatty():
        table = Table("recipe", "title", "what it does")
        for recipe in recipes:
            table.add_row(plain(recipe.name), plain(recipe.title), plain(recipe.summary))
        PlainConsole().print(table)
    else:
        for recipe in recipes:
            print(shown(f"{recipe.name}: {recipe.summary or recipe.title}"))
    return 0


def list_recipes() -> tuple[RecipeSummary, ...]:
    """List the recipes that ship, in menu order. Raises UserError for one that is damaged."""
    configs = [load_recipe(path.stem) for path in RECIPES.glob("*.toml")]
    return in_menu_order(RecipeSummary(config.name, config.title, config.summary) for config in configs)
