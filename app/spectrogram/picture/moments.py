"""What is marked on the picture: the cursor, the selected stretch, and the moment that is heard."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.style.theme import Theme


class MarkedMoments:
    """Items of a plot. All times are in view seconds.

    stretch_s: where the selected stretch begins and ends; None for none.
    """

    def __init__(self, item: Any) -> None:
        self.stretch_s: tuple[float, float] | None = None
        self.cursor = pg.InfiniteLine(angle=90, movable=False)
        self.playing = pg.InfiniteLine(angle=90, movable=False)
        self.playing.setPen(QPen(QColor("white"), 0, Qt.PenStyle.DashLine))
        self.stretch = pg.LinearRegionItem(movable=False)
        # Light in both themes: the picture is dark in both.
        self.stretch.setBrush(QColor(255, 255, 255, 55))
        for line in self.stretch.lines:
            line.setPen(QPen(QColor(255, 255, 255, 210), 0))
        for mark in (self.cursor, self.playing, self.stretch):
            mark.setVisible(False)
            item.addItem(mark, ignoreBounds=True)

    def apply_theme(self, theme: Theme) -> None:
        """Paint the cursor in the theme's accent."""
        self.cursor.setPen(QPen(QColor(theme.accent), 0))

    def set_cursor(self, time_s: float | None) -> None:
        """Mark a moment, or none."""
        _place(self.cursor, time_s)

    def set_playing(self, time_s: float | None) -> None:
        """Mark the moment that is heard, or none."""
        _place(self.playing, time_s)

    def set_stretch(self, stretch_s: tuple[float, float] | None) -> None:
        """Mark a stretch, or none."""
        self.stretch_s = stretch_s
        self.stretch.setVisible(stretch_s is not None)
        if stretch_s is not None:
            self.stretch.setRegion(stretch_s)

    def is_in_stretch(self, time_s: float) -> bool:
        """Whether a moment lies in the selected stretch."""
        return self.stretch_s is not None and self.stretch_s[0] <= time_s <= self.stretch_s[1]


def _place(line: Any, time_s: float | None) -> None:
    line.setVisible(time_s is not None)
    if time_s is not None:
        line.setPos(time_s)
