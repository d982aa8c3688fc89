"""Samples are placed by counting; a loss is placed by the clock, told or untold; jitter and drift are no loss."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.sources.stream_clock import StreamClock

RATE = 16_000
BLOCK = 320


class Device:
    """Delivers blocks of 20 ms to a clock, later than due by `late_s`, from a crystal `drift` too fast."""

    def __init__(self, drift: float = 0.0) -> None:
        self.clock = StreamClock(RATE)
        self.now_s = 50.0
        self.drift = drift

    def give(self, late_s: float = 0.0, lost: int = 0, is_torn: bool = False) -> int:
        self.now_s += BLOCK / RATE / (1 + self.drift)
        return self.clock.place(BLOCK, self.now_s + late_s, lost, is_torn)


def test_blocks_follow_each_other_however_they_arrive() -> None:
    device, rng = Device(), np.random.default_rng(0)

    starts = [device.give(late_s=rng.exponential(0.03)) for _ in range(2000)]

    assert starts == list(range(0, 2000 * BLOCK, BLOCK))


@pytest.mark.parametrize("drift", [1e-3, -1e-3])
def test_a_crystal_that_errs_makes_no_gap_in_ten_minutes(drift: float) -> None:
    device = Device(drift)

    starts = [device.give() for _ in range(30_000)]

    assert starts[-1] == 29_999 * BLOCK


def test_a_burst_after_a_pause_is_no_loss() -> None:
    device = Device()
    for _ in range(100):
        device.give()
    frozen_s = 0.8
    starts = [device.give(late_s=max(0.0, frozen_s - i * 0.02)) for i in range(400)]

    assert starts == list(range(100 * BLOCK, 500 * BLOCK, BLOCK))


def test_a_known_loss_is_skipped() -> None:
    device = Device()
    device.give()
    device.now_s += 2 * BLOCK / RATE

    assert device.give(lost=2 * BLOCK) == 3 * BLOCK


def test_a_told_loss_of_unknown_length_is_estimated_by_the_clock() -> None:
    device, rng = Device(), np.random.default_rng(1)
    for _ in range(200):
        device.give(late_s=rng.uniform(0, 0.02))
    device.now_s += 0.5

    start = device.give(is_torn=True)

    assert start - 200 * BLOCK == pytest.approx(0.5 * RATE, abs=0.025 * RATE)
    assert device.give() == start + BLOCK


def test_a_told_loss_that_the_clock_does_not_see_is_no_gap() -> None:
    device = Device()
    for _ in range(10):
        device.give(late_s=0.01)

    assert device.give(is_torn=True) == 10 * BLOCK


def test_an_untold_loss_shows_as_a_gap_within_seconds() -> None:
    device, rng = Device(), np.random.default_rng(2)
    for _ in range(300):
        device.give(late_s=rng.uniform(0, 0.02))
    device.now_s += 0.7
    starts = [device.give(late_s=rng.uniform(0, 0.02)) for _ in range(600)]

    jumps = np.diff(starts) - BLOCK
    assert np.count_nonzero(jumps) == 1
    assert jumps.max() == pytest.approx(0.7 * RATE, abs=0.02 * RATE)
    assert jumps.argmax() < 6.5 / 0.02


def test_a_slow_start_is_not_taken_for_the_usual() -> None:
    device = Device()
    device.give(late_s=0.4)
    for _ in range(400):
        device.give()
    device.now_s += 0.3

    assert device.give(is_torn=True) - 401 * BLOCK == pytest.approx(0.3 * RATE, abs=2)


@pytest.mark.parametrize("drift", [0.0, 1e-4])
def test_the_errors_of_many_torn_places_do_not_add_up(drift: float) -> None:
    device, rng = Device(drift), np.random.default_rng(3)
    for _ in range(400):
        device.give(late_s=rng.uniform(0, 0.02))
    for _ in range(30):
        device.now_s += rng.uniform(0.1, 2.0)
        device.give(late_s=0.05, is_torn=True)
        for _ in range(400):
            device.give(late_s=rng.uniform(0, 0.02))

    assert device.clock.next_sample / RATE == pytest.approx(device.now_s - 50.0, abs=0.06 + 0.05 * (drift > 0))


def test_an_hour_asleep_is_a_gap_from_the_first_block_on() -> None:
    device = Device()
    for _ in range(400):
        device.give()
    device.now_s += 3600.0

    start = device.give()

    assert start - 400 * BLOCK == pytest.approx(3600 * RATE, abs=2)
    assert device.give() == start + BLOCK
