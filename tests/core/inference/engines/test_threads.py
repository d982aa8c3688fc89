"""A process uses as many cores as it may."""

from __future__ import annotations

import os

import pytest

from core.inference.engines.threads import LIMIT, usable_cores


def test_the_environment_may_say_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, "3")
    assert usable_cores() == 3


@pytest.mark.parametrize("nonsense", ["", "0", "-1", "many"])
def test_nonsense_limits_nothing(monkeypatch: pytest.MonkeyPatch, nonsense: str) -> None:
    monkeypatch.setenv(LIMIT, nonsense)
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
