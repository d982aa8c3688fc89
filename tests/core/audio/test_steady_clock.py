"""The steady clock runs on and counts in seconds; where the system has a clock that counts sleep, it is that one."""

from __future__ import annotations

import time

import pytest

from core.audio.steady_clock import steady_s


def test_it_runs_as_fast_as_the_monotonic_clock() -> None:
    began, began_s = time.monotonic(), steady_s()
    while time.monotonic() - began < 0.02:
        pass
    assert steady_s() - began_s == pytest.approx(time.monotonic() - began, abs=0.02)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no clock of this name")
def test_on_linux_it_counts_from_the_start_of_the_computer() -> None:
    assert steady_s() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1.0)
