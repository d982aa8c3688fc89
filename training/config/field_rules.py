"""Reads what a setting may be from the annotation of its field, and refuses any other value. Reads no file."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest value of a number, so that no recipe asks for more memory, processes or time than any
    machine has. It stands in the annotation: `Annotated[int, Range(1, 256)]`; for a list it bounds each part."""

    lowest: float
    highest: float
    includes_lowest: bool = True
    includes_highest: bool = True

    def __contains__(self, value: float) -> bool:
        above = value >= self.lowest if self.includes_lowest else value > self.lowest
        below = value <= self.highest if self.includes_highest else value < self.highest
        return above and below  # not-a-number is neither

    def __str__(self) -> str:
        if self.includes_lowest and self.includes_highest:
            return f"between {self.lowest:,.10g} and {self.highest:,.10g}"
        lowest = f"{'at least' if self.includes_lowest else 'more than'} {self.lowest:,.10g}"
        return f"{lowest} and {'at most' if self.includes_highest else 'less than'} {self.highest:,.10g}"


Share = Annotated[float, Range(0, 1)]
ShareBelowOne = Annotated[float, Range(0, 1, includes_highest=False)]
Decibels = Annotated[float, Range(0, 200)]
MOST_EPOCHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of a recipe, as its field describes it."""

    name: str
    """The key in TOML and in `KEY=VALUE`."""
    kind: type[Any]
    """bool, int, float or str: of the value, or of each part of a list."""
    is_list: bool
    """A tuple in the field, a list in TOML, parts with commas between them on the command line."""
    is_optional: bool
    """None unless a recipe sets it: whatever the variant or the checkpoint has."""
    default: Any
    """"" where every recipe has to set it."""
    range: Range | None = None
    """Of a number, or of each part of a list of numbers."""
    choices: tuple[str, ...] = ()
    """All words that it may be; none where any text will do. "" leaves it to the variant or the checkpoint."""


@cache
def settings_of(group: type[Any]) -> dict[str, Setting]:
    """The settings among the fields of a dataclass by their names, in order; fields of other types are left out."""
    hints = get_type_hints(group, include_extras=True)
    described = {field.name: _setting(field.name, hints[field.name], field.default) for field in fields(group)}
    return {name: setting for name, setting in described.items() if setting.kind in (bool, int, float, str)}


def check_fields(group: Any) -> None:
    """Raise UsageError for a value outside its range, or a word that is none of the choices."""
    for name, setting in settings_of(type(group)).items():
        value = getattr(group, name)
        if setting.choices and value not in setting.choices:
            raise UsageError(
                f"The recipe sets {name} to {_shown(value)}, which is not one of its choices.",
                f"Choose one of {', '.join(word or '(empty)' for word in setting.choices)}.",
            )
        for number in _numbers(value) if setting.range else ():
            if setting.range and number not in setting.range:
                problem = f"The recipe sets {name} to {_shown(number)}, but it must be {setting.range}."
                raise UsageError(problem, "Correct that value.")


def refuse(is_wrong: bool, problem: str, remedy: str) -> None:
    """Raise UsageError where `is_wrong`: settings that are allowed one by one, but not together."""
    if is_wrong:
        raise UsageError(f"The recipe contradicts itself: {problem}.", f"Use {remedy}.")


def _setting(name: str, hint: Any, default: Any) -> Setting:
    allowed = None
    if get_origin(hint) is Annotated:
        hint, allowed = get_args(hint)
    is_optional = get_origin(hint) in (Union, types.UnionType)
    if is_optional:
        [hint] = [part for part in get_args(hint) if part is not types.NoneType]
    is_list = get_origin(hint) is tuple
    if is_list:
        hint = get_args(hint)[0]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = str if choices else hint
    return Setting(name, kind, is_list, is_optional, "" if default is MISSING else default, allowed, choices)


def _numbers(value: float | Iterable[float] | None) -> Iterable[float]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int | float) else value


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:20] if isinstance(value, int) else repr(value)
