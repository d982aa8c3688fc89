"""A plot of a few curves over a count, such as steps or epochs, with their newest values in the caption."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.style.plain_text import PlainLabel
from app.style.theme import Theme, class_colour

_DOTS_UP_TO = 40
"""Up to this many points are marked with dots: a line of one or two points cannot be seen."""
_LOWEST_PX = 68
_NAMED_FROM_PX = 120
"""A lower plot hides the name of its axis."""


class _CountAxis(pg.AxisItem):
    """Labels whole numbers only: there is no epoch 1.5."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:g}" if value == round(value) else "" for value in values]


class CurvePlot(QWidget):
    """A plot with a caption. title: what is drawn. x_name: what the horizontal axis counts."""

    def __init__(self, title: str, x_name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._x_name = title, x_name
        self._curves: dict[str, Any] = {}
        self._values: dict[str, str] = {}
        self._theme = theme
        self._y_span = 0.0
        self.caption = PlainLabel(title)
        # Rich text, for the colours of the dots; `_caption` escapes the texts.
        self.caption.setTextFormat(Qt.TextFormat.RichText)
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
        # In a low plot only the ends and the middle of a fixed range get a label.
        spacing = (self._y_span / 2, self._y_span / 2) if is_low and self._y_span else (None, None)
        self._item.getAxis("left").setTickSpacing(*spacing)

    def set_range(self, low: float, high: float) -> None:
        """Fix the vertical axis to the values from `low` to `high`."""
        self._y_span = high - low
        self._item.setYRange(low, high, padding=0.05)

    def show_curves(self, curves: Mapping[str, Mapping[int, float]], values: Mapping[str, str]) -> None:
        """Draw each curve, `{count: value}`. values: the text of the newest value of each curve, for the caption."""
        for name in [name for name in self._curves if name not in curves]:
            self._item.removeItem(self._curves.pop(name))
        for name, points in curves.items():
            if name not in self._curves:
                self._curves[name] = self._item.plot([], [], name=name)
                self._colour(name, self._curves[name])
            xs = sorted(points)
            symbol = "o" if len(xs) <= _DOTS_UP_TO else None
            self._curves[name].setData(xs, [points[x] for x in xs], symbol=symbol, symbolSize=5)
        self._values = dict(values)
        self._caption()

    def _caption(self) -> None:
        """Write the newest values, each after a dot in the colour of its curve."""
        dots = [
            f'<span style="color:{self._colour_of(name).name()}">●</span> {escape(value)}'
            for name, value in self._values.items()
        ]
        self.caption.setText("&nbsp;&nbsp; ".join([escape(self._title), *dots]))
        self.setAccessibleDescription(", ".join(self._values.values()))

    def _colour(self, name: str, curve: Any) -> None:
        colour = self._colour_of(name)
        curve.setPen(pg.mkPen(colour, width=1.5))
        curve.setSymbolBrush(colour)
        curve.setSymbolPen(None)

    def _colour_of(self, name: str) -> QColor:
        """The accent colour for a curve with the name of the plot, else the colour of the class of that name."""
        return QColor(self._theme.accent) if name == self._title else class_colour(name, self._theme)
