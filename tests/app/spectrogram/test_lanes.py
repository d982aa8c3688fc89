"""The lanes: which classes get one, and what is painted."""

from __future__ import annotations

from app.spectrogram.lanes import choose_lanes


def test_lanes_keep_their_place_and_pinned_ones_come_first() -> None:
    peaks = [0.1, 0.9, 0.5, 0.0, 0.3, 0.4, 0.2]
    first = choose_lanes((), peaks, (), 3)
    assert first == (1, 2, 5)
    assert choose_lanes(first, [0.1, 0.5, 0.9, 0.0, 0.3, 0.4, 0.2], (), 3) == first
    assert choose_lanes(first, [0.8, 0.9, 0.0, 0.0, 0.3, 0.4, 0.2], (), 3) == (1, 0, 5)
    assert choose_lanes(first, peaks, (3,), 3) == (3, 1, 2)
