"""How large the docked panels are: a share of the window, whatever size the window takes. Knows no panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow

_SIDE, _BOTTOM = 0.25, 0.27
_SIDE_PX = (272, 460)
"""How narrow and how wide the panel at the side is, unless the user wants it otherwise."""
_EMPTY_PX = 140
"""How high the bottom is while it holds nothing but an empty panel."""


@dataclass(frozen=True, slots=True)
class DockShares:
    """The user's own shares of the window's width and height; None: never dragged, so ours hold."""

    side: float | None = None
    bottom: float | None = None

    @classmethod
    def from_text(cls, text: str) -> DockShares:
        """What `to_text` wrote; anything else counts as never dragged."""
        side, _, bottom = text.partition("/")
        return cls(_share(side), _share(bottom))

    def to_text(self) -> str:
        """For the settings: `0.25/0.31`, with nothing where there is nothing."""
        return "/".join("" if share is None else f"{share:.4f}" for share in (self.side, self.bottom))


class DockSizes(QObject):
    """Fits the docks of a window whenever the window changes its size, and learns from separators being dragged.

    is_low: the bottom holds nothing but an empty panel.
    """

    def __init__(self, window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        self.shares = DockShares()
        self.is_low = True
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
        """Give every dock on show its size."""
        self._fitted = self._window.size()
        side, bottom = self.shown(Qt.DockWidgetArea.RightDockWidgetArea), self._shown_at_bottom()
        if side:
            self._window.resizeDocks(side, [self._side_px()] * len(side), Qt.Orientation.Horizontal)
        if bottom:
            self._window.resizeDocks(bottom, [self._bottom_px(bottom)] * len(bottom), Qt.Orientation.Vertical)
        layout = self._window.layout()
        assert layout is not None, "a QMainWindow has its own layout"
        # At once, not a moment after the window.
        layout.activate()

    def halve(self) -> None:
        """Give the docks at the bottom the same width each."""
        bottom = self._shown_at_bottom()
        width = self._window.width() // max(len(bottom), 1)
        self._window.resizeDocks(bottom, [width] * len(bottom), Qt.Orientation.Horizontal)

    def _side_px(self) -> int:
        width, own = self._window.width(), self.shares.side
        return round(own * width) if own is not None else min(max(round(_SIDE * width), _SIDE_PX[0]), _SIDE_PX[1])

    def _bottom_px(self, shown: list[QDockWidget]) -> int:
        if self.is_low and shown == [self._docks["files"]]:
            return _EMPTY_PX
        own = self.shares.bottom
        return round((_BOTTOM if own is None else own) * self._window.height())

    def _learn(self, dock: QDockWidget) -> None:
        """A dock that changes while the button of the mouse is held and the window stays: a separator is dragged."""
        is_dragged = bool(QApplication.mouseButtons() & Qt.MouseButton.LeftButton)
        if not is_dragged or self._window.size() != self._fitted:
            return
        if dock in self._shown_at_bottom():
            self.is_low = False
            self.shares = DockShares(self.shares.side, dock.height() / self._window.height())
        else:
            self.shares = DockShares(dock.width() / self._window.width(), self.shares.bottom)

    def _shown_at_bottom(self) -> list[QDockWidget]:
        return self.shown(Qt.DockWidgetArea.BottomDockWidgetArea)

    def shown(self, area: Qt.DockWidgetArea) -> list[QDockWidget]:
        """The docks on show in an area of the window, in their order."""
        docks = self._docks.values()
        return [dock for dock in docks if not dock.isHidden() and self._window.dockWidgetArea(dock) == area]


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0.0 < share < 1.0 else None
