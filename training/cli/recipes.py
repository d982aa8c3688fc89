"""`main.py recipes`: what can be trained, in the order in which people should see it. Reads TOML; loads no torch."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from rich.table import Table

from core.cli.terminal.console import PlainConsole, plain
from core.terminal_text import shown
from training.config.recipe import RECIPES, load_recipe

FIRST = ("few-clips", "fine-tune", "starter")


@dataclass(frozen=True, slots=True)
class RecipeSummary:
    """One recipe for a menu. minutes: how long it takes, None where that depends on data and machine."""

    name: str
    title: str
    summary: str
    minutes: float | None = None


def list_recipes() -> tuple[RecipeSummary, ...]:
    """Those that ship: the quick ones first, the others by name. Raises UserError for one that is damaged."""
    names = sorted(path.stem for path in RECIPES.glob("*.toml"))
    ordered = sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    configs = [load_recipe(name) for name in ordered]
    return tuple(RecipeSummary(config.name, config.title, config.summary) for config in configs)


def run_recipes(as_json: bool) -> int:
    """Print them: a JSON list, a table on a terminal, or one plain line each; 0."""
    recipes = list_recipes()
    if as_json:
        print(json.dumps([asdict(recipe) for recipe in recipes], ensure_ascii=False, indent=1))
    elif sys.stdout.isatty():
        table = Table("recipe", "title", "what it does")
        for recipe in recipes:
            table.add_row(*map(plain, (recipe.name, recipe.title, recipe.summary)))
        PlainConsole().print(table)
    else:
        for recipe in recipes:
            print(shown(f"{recipe.name}: {recipe.summary or recipe.title}"))
    return 0
