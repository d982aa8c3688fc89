"""The time axis counts from now, from the start of a file, or shows round times of day."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.spectrogram.axes.time_axis import TimeAxis, TimeLabels

pytestmark = pytest.mark.usefixtures("qapp")


def test_the_live_edge_is_called_now() -> None:
    axis = TimeAxis(lambda stream_s: stream_s)
    assert axis.tickStrings([-10, -5, 0], 1, 5)[-1] == "now"
    axis.set_labels(TimeLabels.IN_FILE)
    assert axis.tickStrings([0, 60, 3600], 1, 60) == ["0:00", "1:00", "1:00:00"]


def test_times_of_day_are_round_by_the_clock() -> None:
    began = datetime(2026, 5, 4, 14, 2, 31).timestamp() + 0.4
    axis = TimeAxis(lambda stream_s: stream_s + began)
    axis.set_labels(TimeLabels.CLOCK)
    [(step_s, moments)] = axis.tickValues(0.0, 20.0, 500)
    assert axis.tickStrings(moments, 1, step_s) == ["14:02:35", "14:02:40", "14:02:45", "14:02:50"]
    assert moments[0] == pytest.approx(3.6)


def test_a_file_has_no_time_before_its_beginning() -> None:
    axis = TimeAxis(lambda stream_s: stream_s)
    axis.set_labels(TimeLabels.IN_FILE)
    assert axis.tickStrings([-10, -5, 0], 1, 5) == ["", "", "0:00"]
