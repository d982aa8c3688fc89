"""A few curves over a count, in the theme's colours, with their newest values in words. Knows no training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.style.plain_text import PlainLabel
from app.style.theme import Theme, class_colour

_DOTS_UP_TO = 40
"""Curves of so few points show each of them: with one or two a line alone cannot be seen."""
_LOWEST_PX = 68
_NAMED_FROM_PX = 120
"""Lower than this, the plot itself needs the room of its axis's name."""


class _CountAxis(pg.AxisItem):
    """Names whole numbers alone: there is no epoch 1.5."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:g}" if value == round(value) else "" for value in values]


class CurvePlot(QWidget):
    """title: what is drawn; x_name: what is counted along the bottom."""

    def __init__(self, title: str, x_name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._x_name = title, x_name
        self._curves: dict[str, Any] = {}
        self._words: dict[str, str] = {}
        self._theme = theme
        self._range_of = 0.0
        self.caption = PlainLabel(title)
        self.caption.setObjectName("Muted")
        self.plot = pg.PlotWidget(axisItems={"bottom": _CountAxis("bottom")})
        self.plot.setMinimumHeight(_LOWEST_PX)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setAcceptDrops(False)
        self._item: Any = self.plot.getPlotItem()
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.setMouseEnabled(x=False, y=False)
        self._item.showGrid(x=False, y=True, alpha=0.15)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.caption)
        layout.addWidget(self.plot, 1)
        self.setAccessibleName(title)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Draw in the colours of `theme`."""
        self._theme = theme
        self.plot.setBackground(theme.panel)
        for name in ("left", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(QPen(QColor(theme.line)))
            axis.setTextPen(QPen(QColor(theme.muted)))
        axis = self._item.getAxis("bottom")
        is_named = axis.label.isVisible()
        axis.setLabel(self._x_name, color=theme.muted)
        axis.showLabel(is_named)
        for name, curve in self._curves.items():
            self._colour(name, curve)
        self._caption()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_low = self.height() - self.caption.height() < _NAMED_FROM_PX
        self._item.getAxis("bottom").showLabel(not is_low)
        halves = (self._range_of / 2, self._range_of / 2) if is_low and self._range_of else (None, None)
        self._item.getAxis("left").setTickSpacing(*halves)

    def set_range(self, low: float, high: float) -> None:
        """Always show the values from `low` to `high`."""
        self._range_of = high - low
        self._item.setYRange(low, high, padding=0.05)

    def show_curves(self, curves: Mapping[str, Mapping[int, float]], words: Mapping[str, str]) -> None:
        """Draw each curve, `{count: value}`; `words` has the newest value of each, for people."""
        for name in [one for one in self._curves if one not in curves]:
            self._item.removeItem(self._curves.pop(name))
        for name, points in curves.items():
            if name not in self._curves:
                self._curves[name] = self._item.plot([], [], name=name)
                self._colour(name, self._curves[name])
            xs = sorted(points)
            symbol = "o" if len(xs) <= _DOTS_UP_TO else None
            self._curves[name].setData(xs, [points[x] for x in xs], symbol=symbol, symbolSize=5)
        self._words = dict(words)
        self._caption()

    def _caption(self) -> None:
        """The newest values, each behind a dot of its curve's colour."""
        dots = [
            f'<span style="color:{self._colour_of(name).name()}">●</span> {said}' for name, said in self._words.items()
        ]
        self.caption.setText("&nbsp;&nbsp; ".join([self._title, *dots]))
        self.setAccessibleDescription(", ".join(self._words.values()))

    def _colour(self, name: str, curve: Any) -> None:
        colour = self._colour_of(name)
        curve.setPen(pg.mkPen(colour, width=1.5))
        curve.setSymbolBrush(colour)
        curve.setSymbolPen(None)

    def _colour_of(self, name: str) -> QColor:
        """The only curve of a plot, called like it, has the accent's colour."""
        return QColor(self._theme.accent) if name == self._title else class_colour(name, self._theme)
