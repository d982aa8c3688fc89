"""The table of merging: speed-ups are relative to the same round."""

from __future__ import annotations

from training.study.merging_table import timings


def test_speed_ups_are_within_a_round() -> None:
    """A machine that is twice as slow in one round says nothing of the schedule."""
    rounds = [
        {"ms off": 10.0 * slow, "ms 8": 5.0 * slow, "rate off": 100 / slow, "rate 8": 250 / slow} for slow in (1, 2, 9)
    ]
    timing = timings(rounds, "8")
    assert timing is not None
    assert (timing.ms_speedup, timing.rate_speedup, timing.ms) == (2.0, 2.5, 10.0)
    assert timings([], "8") is None
