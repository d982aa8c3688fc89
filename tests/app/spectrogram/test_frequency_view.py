"""The range of frequencies in view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.frequency_view import FrequencyView


def test_frequencies_zoom_around_what_is_pointed_at_and_come_back() -> None:
    view = FrequencyView(128)
    view.zoom(0.25, 96.0)
    assert (view.low, view.high) == (72.0, 104.0)
    view.zoom(0.0001, 96.0)
    assert view.high - view.low == 8.0
    assert view.low < 96.0 < view.high
    view.zoom(1e6)
    assert (view.low, view.high) == (0.0, 128.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(-300, 300), st.floats(0.01, 100)), max_size=20))
def test_frequencies_in_view_are_always_some_that_there_are(deeds: list[tuple[bool, float, float]]) -> None:
    view = FrequencyView(128)
    for zooms, row, factor in deeds:
        if zooms:
            view.zoom(factor, row)
        else:
            view.move(row)
        assert 0.0 <= view.low < view.high <= 128.0 + 1e-9
        assert view.high - view.low >= 8.0 - 1e-9
