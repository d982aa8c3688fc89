"""What the newest windows say: not a stall, and not before there are enough."""

from __future__ import annotations

import pytest

from core.inference.pacing.recent import Recent


def recent_of(times_ms: list[float], hop_s: float = 0.25, wait_ms: float = 0.0) -> Recent:
    """So many windows; two that settle come before them."""
    recent = Recent()
    for number, time_ms in enumerate([9999.0, 9999.0, *times_ms]):
        recent.add(number * hop_s, time_ms, time_ms + wait_ms)
    return recent


def test_ten_seconds_and_six_windows_are_enough() -> None:
    assert not recent_of([10.0] * 40).is_enough
    assert recent_of([10.0] * 41).is_enough
    assert not recent_of([10.0] * 5, hop_s=10).is_enough
    assert recent_of([10.0] * 6, hop_s=10).is_enough
    assert not Recent().is_enough


def test_the_first_windows_and_a_stall_do_not_count() -> None:
    assert recent_of([10.0] * 41).compute_ms() == pytest.approx(10)
    assert recent_of([10.0] * 40 + [3000.0]).compute_ms() == pytest.approx(10)
    assert recent_of([10.0] * 40 + [3000.0] + [10.0] * 100).compute_ms() < 100


def test_bursts_count() -> None:
    assert recent_of(([10.0] * 9 + [2000.0]) * 20).compute_ms() > 100


def test_old_windows_do_not_count() -> None:
    assert recent_of([500.0] * 100 + [10.0] * 130).compute_ms() == pytest.approx(10)


def test_what_an_input_is_always_late_by_is_no_wait() -> None:
    recent = recent_of([10.0] * 60, wait_ms=3000)
    assert recent.late_ms() == pytest.approx(0)
    for number in range(60):
        recent.add(20 + 0.25 * number, 10.0, 5010.0)
    assert recent.late_ms() == pytest.approx(2000)


def test_cleared_it_begins_anew() -> None:
    recent = recent_of([10.0] * 60)
    recent.clear()
    assert not recent.is_enough
