"""Something is due at most every so often."""

from __future__ import annotations

import pytest

from core import throttle
from core.throttle import Throttle


@pytest.fixture
def now_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that a throttle sees, in a list to change it."""
    now = [100.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    return now


def test_it_is_due_again_after_its_time(now_s: list[float]) -> None:
    reports, sent = Throttle(0.25), list[float]()
    for step in range(8):
        now_s[0] = 100 + step / 8
        if reports.is_due():
            reports.restart()
            sent.append(now_s[0])
    assert sent == [100.0, 100.25, 100.5, 100.75]


def test_it_may_wait_first(now_s: list[float]) -> None:
    saves = Throttle(2.0, is_due_at_once=False)
    assert not saves.is_due()
    now_s[0] += 2.0
    assert saves.is_due()
    assert saves.elapsed_s() == 2.0


def test_without_an_interval_it_is_always_due(now_s: list[float]) -> None:
    always = Throttle(0.0, is_due_at_once=False)
    always.restart()
    assert always.is_due()
