"""A list to choose from, in the look of the other controls: a style sheet that rounds a combo box loses its arrow."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPolygonF
from PySide6.QtWidgets import QComboBox

_ARROW_PX, _FROM_RIGHT_PX = 4.0, 12.0


class ChoiceBox(QComboBox):
    """A QComboBox with an arrow of its own."""

    def paintEvent(self, e: QPaintEvent) -> None:
        super().paintEvent(e)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(group, QPalette.ColorRole.WindowText))
        tip = QPointF(self.width() - _FROM_RIGHT_PX, self.height() / 2 + _ARROW_PX / 2)
        corners = [tip, tip + QPointF(-_ARROW_PX, -_ARROW_PX), tip + QPointF(_ARROW_PX, -_ARROW_PX)]
        painter.drawPolygon(QPolygonF(corners))
        painter.end()
