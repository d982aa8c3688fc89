"""The time axis counts from now, from the start of a file, or shows round times of day."""

from __future__ import annotations

import pytest

from app.spectrogram.axes.time_axis import TimeAxis, TimeLabels

pytestmark = pytest.mark.usefixtures("qapp")


def test_the_live_edge_is_called_now() -> None:
    axis = TimeAxis(lambda stream_s: stream_s)
    assert axis.tickStrings([-10, -5, 0], 1, 5)[-1] == "now"
    axis.set_labels(TimeLabels.IN_FILE)
    assert axis.tickStrings([0, 60, 3600], 1, 60) == ["0:00", "1:00", "1:00:00"]


def test_a_file_has_no_time_before_its_beginning() -> None:
    axis = TimeAxis(lambda stream_s: stream_s)
    axis.set_labels(TimeLabels.IN_FILE)
    assert axis.tickStrings([-10, -5, 0], 1, 5) == ["", "", "0:00"]
