"""Describes recipes for a menu: written by `soundmark recipes --json`, read by the window."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import UserError
from core.foreign_text import parse_json

FEW_CLIPS, FINE_TUNE, STARTER = "few-clips", "fine-tune", "starter"
"""The recipes offered first, in this order. FINE_TUNE trains the result of FEW_CLIPS further."""
_FIRST = (FEW_CLIPS, FINE_TUNE, STARTER)


@dataclass(frozen=True, slots=True)
class RecipeSummary:
    """One recipe of a menu. minutes: how long it usually takes, None where that depends on data and machine."""

    name: str
    title: str
    summary: str
    minutes: float | None = None


def in_menu_order(recipes: Iterable[RecipeSummary]) -> tuple[RecipeSummary, ...]:
    """Sort the quick ones first, the others by name."""

    def place(recipe: RecipeSummary) -> tuple[int, str]:
        return (_FIRST.index(recipe.name) if recipe.name in _FIRST else len(_FIRST), recipe.name)

    return tuple(sorted(recipes, key=place))


def recipes_to_json(recipes: Iterable[RecipeSummary]) -> str:
    """Write a JSON list."""
    return json.dumps([asdict(recipe) for recipe in recipes], ensure_ascii=False, indent=1)


def recipes_from_json(text: str) -> tuple[RecipeSummary, ...]:
    """Read what `recipes_to_json` wrote, in menu order. Raises UserError."""
    try:
        return in_menu_order(_summary(row) for row in parse_json(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError("The list of recipes cannot be read.", "The log file has the details.") from error


def _summary(row: dict[str, Any]) -> RecipeSummary:
    minutes = row.get("minutes")
    return RecipeSummary(
        name=str(row["name"]),
        title=str(row["title"]),
        summary=str(row["summary"]),
        minutes=None if minutes is None else float(minutes),
    )
