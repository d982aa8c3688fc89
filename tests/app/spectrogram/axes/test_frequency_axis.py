"""The frequency axis names as many frequencies as there is room for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.axes.frequency_axis import FrequencyView, HertzAxis
from app.spectrogram.axes.frequency_scale import bin_frequency_hz, bin_position

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize(("height_px", "names"), [(400, 6), (60, 3), (20, 2)])
def test_frequencies_are_named_as_far_as_there_is_room(height_px: int, names: int) -> None:
    axis = HertzAxis()
    [(_, rows)] = axis.tickValues(0, 128, height_px)
    assert axis.tickStrings(rows, 1, 1)[0] == "8k"
    assert len(rows) == names
    assert all(above - below >= 15 * 128 / height_px for above, below in pairwise(rows))


def test_zoomed_in_more_frequencies_are_named() -> None:
    axis = HertzAxis()
    low, high = bin_position(2000, 128), bin_position(4000, 128)
    [(_, rows)] = axis.tickValues(low, high, 300)
    names = axis.tickStrings(rows, 1, 1)
    assert names == ["4k", "3.5k", "3k", "2.5k", "2k"]
    panel_of_one_row = axis.tickValues(60.0, 61.0, 300)
    assert len(panel_of_one_row[0][1]) <= 20


@pytest.mark.parametrize("hertz", [50, 250, 1000, 4000, 8000])
def test_frequency_and_row_are_inverse(hertz: float) -> None:
    assert bin_frequency_hz(bin_position(hertz, 128), 128) == pytest.approx(hertz)


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
def test_frequencies_in_view_are_always_some_that_there_are(actions: list[tuple[bool, float, float]]) -> None:
    view = FrequencyView(128)
    for zooms, row, factor in actions:
        if zooms:
            view.zoom(factor, row)
        else:
            view.move(row)
        assert 0.0 <= view.low < view.high <= 128.0 + 1e-9
        assert view.high - view.low >= 8.0 - 1e-9
