"""The picture as one item of the plot: pixels, hatched gaps, and lines that mark changes."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.picture.markers import Markers, in_view, paint_markers
from app.spectrogram.picture.pixel_ring import PixelRing
from app.style.theme import PICTURE_VOID

_HATCHING = QColor(255, 255, 255, 40)


class PictureItem(pg.GraphicsObject):
    """The picture, painted in the view box's own pixels, with hatched gaps."""

    def __init__(self, view_box: pg.ViewBox) -> None:
        super().__init__()
        self._view_box = view_box
        self.ring = PixelRing()
        self.history: ColumnHistory | None = None
        self.origin_s = 0.0
        self.marks_edge = False
        self.markers: Markers = ()
        self.edge_colour = QColor()
        self.setZValue(-100)
        self.setParentItem(view_box)

    def boundingRect(self) -> QRectF:
        return self._view_box.rect()

    def paint(self, p: QPainter, option: Any, widget: QWidget | None = None) -> None:
        left, right = self._view_box.viewRange()[0]
        area = self.boundingRect()
        self.ring.paint(p, area, left + self.origin_s, right + self.origin_s)
        if self.marks_edge:
            p.fillRect(QRectF(area.right() - 2, area.top(), 2, area.height()), self.edge_colour)
        self._paint_gaps(p, area, left + self.origin_s, right + self.origin_s)
        paint_markers(p, area, in_view(self.markers, left + self.origin_s, right + self.origin_s, area))

    def _paint_gaps(self, p: QPainter, area: QRectF, left_s: float, right_s: float) -> None:
        scale = area.width() / (right_s - left_s)
        for start_s, stop_s in () if self.history is None else self.history.gaps_between(left_s, right_s):
            x = (start_s - left_s) * scale
            gap = QRectF(x, area.top(), (stop_s - start_s) * scale, area.height()) & area
            if not gap.isEmpty():
                p.fillRect(gap, QColor(PICTURE_VOID))
                p.fillRect(gap, QBrush(_HATCHING, Qt.BrushStyle.BDiagPattern))
