"""Parses JSON and TOML from untrusted files: whatever they hold, the only error is ValueError."""

from __future__ import annotations

import json
import tomllib
from typing import Any, cast

MOST_LEVELS = 200
"""Depth of nesting. A checkpoint's provenance gains a level each time it is trained further."""


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for invalid JSON, for nesting deeper than MOST_LEVELS and for
    integers of thousands of digits."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    _refuse_deep(value)
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text. Raises ValueError as `parse_json` does."""
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    _refuse_deep(table)
    return table


def as_object(value: Any) -> dict[str, Any] | None:
    """A parsed value if it is a JSON object, whose keys are text; None if it is anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


_TOO_DEEP = f"nested more than {MOST_LEVELS} levels deep"


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _parts(value: Any) -> list[Any]:
    """What an object or a list holds; a number or a text has no parts."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return list((as_object(value) or {}).values())
