"""The recipes that the training command offers, as plain values. Knows no widgets and starts nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import UserError

FEW_CLIPS, FINE_TUNE = "few-clips", "fine-tune"
"""The recipe offered first, and the one that goes on from its result."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. title, summary: for people; minutes: how long it usually takes, where that is known."""

    name: str
    title: str
    summary: str
    minutes: float | None = None


def parse_recipes(text: str) -> tuple[Recipe, ...]:
    """The list in a JSON text, the quick one for a few clips first. Raises UserError."""
    try:
        recipes = [_recipe(row) for row in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("The list of recipes cannot be read.", "The log file has the details.") from error
    order = {FEW_CLIPS: 0, FINE_TUNE: 1}
    return tuple(sorted(recipes, key=lambda one: order.get(one.name, 2)))


def _recipe(row: dict[str, Any]) -> Recipe:
    minutes = row.get("minutes")
    return Recipe(str(row["name"]), str(row["title"]), str(row["summary"]), None if minutes is None else float(minutes))
