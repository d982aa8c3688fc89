"""Events and queries refuse nonsense."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.heard.event import EventQuery
from tests.core.heard.made_events import A_DOG, heard


@pytest.mark.parametrize(
    "values",
    [
        {"offset_s": 0.5},
        {"offset_at": None},
        {"onset_s": math.nan},
        {"offset_s": math.inf},
        {"onset_at": -math.inf},
        {"peak": 1.5},
        {"kind": "rumour"},
    ],
)
def test_an_impossible_event_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"event|peak|none of"):
        replace(A_DOG, **values)  # type: ignore[arg-type]


def test_an_open_event_is_longer_than_any_other() -> None:
    assert heard(3, None).length_s == math.inf
    assert heard(3, 2).length_s == 2


@pytest.mark.parametrize("values", [{"sort": "colour"}, {"kinds": ("event", "rumour")}])
def test_an_unknown_sort_or_kind_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="of"):
        EventQuery(**values)  # type: ignore[arg-type]
