"""Sizes the docked panels: a share of the window, at any window size."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabBar

from app.runtime.dock_shares import DockShares
from app.style.text_size import scaled_px

_SIDE, _BOTTOM = 0.25, 0.27
_SIDE_PX = (272, 720)
"""The narrowest and widest side panel, unless the user drags it further."""


class DockSizes(QObject):
    """Fits the docks whenever the window changes its size, and remembers separators that the user drags."""

    def __init__(self, window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        self.shares = DockShares()
        self._fitted = QSize()
        for watched in (window, *docks.values()):
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            if watched is self._window:
                self.fit()
            elif isinstance(watched, QDockWidget):
                self._learn(watched)
        return False

    def fit(self) -> None:
        """Give every visible dock its size."""
        self._fitted = self._window.size()
        bottom = self._shown_at_bottom()
        for area in (Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea):
            side = self.shown(area)
            self._window.resizeDocks(side, [self._side_px()] * len(side), Qt.Orientation.Horizontal)
        if bottom:
            height = self._bottom_px() + self._tabs_px
            self._window.resizeDocks(bottom, [height] * len(bottom), Qt.Orientation.Vertical)
        layout = self._window.layout()
        assert layout is not None, "a QMainWindow has its own layout"
        # Now, not one event later than the window.
        layout.activate()

    def _side_px(self) -> int:
        width, own = self._window.width(), self.shares.side
        return (
            round(own * width)
            if own is not None
            else min(max(round(_SIDE * width), scaled_px(_SIDE_PX[0])), scaled_px(_SIDE_PX[1]))
        )

    def _bottom_px(self) -> int:
        own = self.shares.bottom
        return round((_BOTTOM if own is None else own) * self._window.height())

    @property
    def _tabs_px(self) -> int:
        """The height of the tabs above docks that share a place."""
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return max((bar.height() for bar in bars if bar.isVisible()), default=0)

    def _learn(self, dock: QDockWidget) -> None:
        """Remember the size of a dock that changes while the mouse button is down: its separator is being dragged."""
        is_dragged = bool(QApplication.mouseButtons() & Qt.MouseButton.LeftButton)
        if not is_dragged or self._window.size() != self._fitted:
            return
        if dock in self._shown_at_bottom():
            self.shares = DockShares(self.shares.side, dock.height() / self._window.height())
        else:
            self.shares = DockShares(dock.width() / self._window.width(), self.shares.bottom)

    def _shown_at_bottom(self) -> list[QDockWidget]:
        return self.shown(Qt.DockWidgetArea.BottomDockWidgetArea)

    def shown(self, area: Qt.DockWidgetArea) -> list[QDockWidget]:
        """The visible docks in an area of the window, in their order."""
        docks = self._docks.values()
        return [dock for dock in docks if not dock.isHidden() and self._window.dockWidgetArea(dock) == area]
