"""The slim bar above a docked panel: a grip to drag the panel by, and a button that closes it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.style.appearance import Appearance
from app.widgets.icons import cancel_icon

_HEIGHT_PX, _BUTTON_PX = 14, 12
_DOTS, _APART_PX, _DOT_PX = 6, 5, 1.2


class DockTitle(QWidget):
    """Leaves the mouse to its QDockWidget, so that the panel can be dragged by it."""

    close_wanted = Signal()
    """The button was pressed. No payload."""

    def __init__(self, title: str, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self.setAccessibleName(f"Grip of {title}")
        self.setToolTip(f"Drag to move {title}")
        self.button = QToolButton()
        self.button.setObjectName("DockClose")
        self.button.setIconSize(QSize(8, 8))
        self.button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        self.button.setCursor(Qt.CursorShape.ArrowCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setAccessibleName(f"Close {title}")
        self.button.setToolTip(f"Close {title}; the View menu shows it again")
        self.button.clicked.connect(self.close_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 0)
        row.addStretch(1)
        row.addWidget(self.button)
        appearance.changed.connect(self.apply_theme)
        self.apply_theme()

    def show_bar(self, is_shown: bool) -> None:
        """Show the bar, or take no room: a panel behind a tab is moved by its tab."""
        self.setVisible(is_shown)
        self.setFixedHeight(_HEIGHT_PX if is_shown else 0)

    def apply_theme(self) -> None:
        """Paint in the colours of the current theme."""
        self.button.setIcon(cancel_icon(self._appearance.theme.muted))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._appearance.theme.muted))
        left = (self.width() - (_DOTS - 1) * _APART_PX) / 2
        for dot in range(_DOTS):
            painter.drawEllipse(QPointF(left + dot * _APART_PX, self.height() / 2), _DOT_PX, _DOT_PX)
