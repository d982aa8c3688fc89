"""What a setting may be is read from its annotation: ranges, choices, lists, and what is left open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from core.errors import UsageError
from training.config.field_rules import Range, Setting, check_fields, settings_of
from training.config.recipe import SETTINGS


@dataclass(frozen=True, slots=True)
class Plain:
    rounds: Annotated[int, Range(1, 10)] = 3
    share: Annotated[float, Range(0, 1, includes_highest=False)] = 0.5
    lengths_s: Annotated[tuple[float, ...], Range(0.1, 30)] = (1.0,)
    limit: Annotated[int | None, Range(1, 5)] = None
    kind: Literal["", "mean", "max"] = ""


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.kind in (int, float)])
def test_every_number_of_a_recipe_has_a_range(name: str) -> None:
    assert SETTINGS[name].range is not None


def test_an_annotation_becomes_a_setting() -> None:
    found = settings_of(Plain)
    assert found["rounds"] == Setting("rounds", int, False, False, 3, Range(1, 10))
    assert (found["lengths_s"].kind, found["lengths_s"].is_list) == (float, True)
    assert (found["limit"].is_optional, found["limit"].default) == (True, None)
    assert found["kind"].choices == ("", "mean", "max")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"rounds": 0}, "rounds"),
        ({"rounds": 11}, "rounds"),
        ({"share": 1.0}, "share"),
        ({"share": float("nan")}, "share"),
        ({"lengths_s": (1.0, 31.0)}, "lengths_s"),
        ({"limit": 6}, "limit"),
        ({"kind": "min"}, "kind"),
    ],
)
def test_a_value_outside_is_refused_by_its_name(changes: dict, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        check_fields(Plain(**changes))


def test_what_is_allowed_passes() -> None:
    check_fields(Plain(10, 0.0, (0.1, 30.0), 5, "max"))
    check_fields(Plain())
