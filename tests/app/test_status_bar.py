"""The figures at the bottom of the window."""

from __future__ import annotations

from app.status_bar import figures
from core.inference.results import LiveStatus


def test_figures_leave_out_what_is_not_known() -> None:
    assert figures(LiveStatus(), None) == "0 skipped  ·  0 dropped"
