"""Reads a recipe: a TOML file and `KEY=VALUE` overrides become a TrainConfig."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml
from training.config.recipe import SETTINGS, TrainConfig

RECIPES = Path(__file__).parents[1] / "recipes"
_COMMAND_LINE = "The command line"
_KIND_WORDS: dict[type[Any], str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_MOST_LETTERS_SHOWN = 60


def load_recipe(recipe: str, overrides: list[str] | None = None) -> TrainConfig:
    """Read a recipe by name (training/recipes) or path, and apply `KEY=VALUE` overrides. Raises UserError."""
    path = Path(recipe) if recipe.endswith(".toml") else RECIPES / f"{recipe}.toml"
    if not os.path.isfile(path):
        names = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise UsageError(f"There is no recipe {recipe!r}.", f"Choose one of {names}, or give the path of a .toml file.")
    raw = {"name": path.stem, "title": path.stem, **_read_toml(path)}
    _check_known(raw, path.name)
    if "variant" not in raw:
        raise UserError(f"{path.name} has no line for the variant.", 'Add one, such as variant = "ast-tiny-16".')
    config = TrainConfig.from_flat({key: _converted(key, value, path.name) for key, value in raw.items()})
    changes = dict(_split_override(item) for item in overrides or [])
    _check_known(changes, _COMMAND_LINE)
    return config.with_settings(**{key: _converted(key, value, _COMMAND_LINE) for key, value in changes.items()})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error


def _split_override(item: str) -> tuple[str, Any]:
    """`KEY=VALUE` as key and value; a list may be written without brackets."""
    key, equals, text = item.partition("=")
    if not equals:
        raise UsageError(f"{item!r} is not a setting.", "Write KEY=VALUE, such as epochs=10.")
    return key, text.split(",") if key in SETTINGS and SETTINGS[key].is_list else text


def _converted(key: str, value: Any, source: str) -> Any:
    """`value` as the type of the setting `key`: whole numbers stay whole, text of the command line becomes numbers."""
    setting = SETTINGS[key]
    if setting.is_list:
        parts = value if isinstance(value, list) else [value]
        return tuple(_scalar(key, part, source) for part in parts if part != "")
    return None if setting.is_optional and value == "" else _scalar(key, value, source)


def _scalar(key: str, value: Any, source: str) -> Any:
    kind = SETTINGS[key].kind
    try:
        return _CONVERSIONS[kind](value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        shown = repr(str(value)[:_MOST_LETTERS_SHOWN])
        raise UsageError(
            f"{source} sets {key} to {shown}, but it must be {_KIND_WORDS[kind]}.", "Correct it."
        ) from error


def _true_or_false(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _whole_number(value: Any) -> int:
    if isinstance(value, bool | float):
        raise TypeError("not a whole number")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("not a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str | int):
        raise TypeError("not text")
    return str(value)


_CONVERSIONS: dict[type[Any], Callable[[Any], Any]] = {
    bool: _true_or_false,
    int: _whole_number,
    float: _number,
    str: _text,
}
"""From a value of TOML or of the command line to each kind of setting; raise ValueError, TypeError and KeyError."""


def _check_known(keys: Iterable[str], source: str) -> None:
    unknown = sorted(set(keys) - SETTINGS.keys())
    if unknown:
        problem = f"{source} sets {', '.join(unknown)}, which recipes do not have."
        raise UsageError(problem, f"The settings are {', '.join(sorted(SETTINGS))}.")
