"""Puts the panels of PANELS into a window: one in the middle, the others docked around it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from app.dock_sizes import DockSizes
from app.panels import PANELS, PanelParts, PanelSpec
from app.runtime.settings import DockShares

Panel = TypeVar("Panel", bound=QWidget)
_EDGE_PX, _INNER_PX = 10, 2


class Docks:
    """The panels of one window. toggles: for each docked panel the action that shows or hides it."""

    def __init__(self, window: QMainWindow, parts: PanelParts, above: QWidget) -> None:
        self._window = window
        self._panels: dict[str, QWidget] = {}
        self._docks: dict[str, QDockWidget] = {}
        for spec in PANELS:
            panel = self._panels[spec.name] = spec.build(parts)
            if spec.area is None:
                window.setCentralWidget(_below(above, panel))
            else:
                self._dock(spec, panel, spec.area)
        self._tab_bottom()
        self._sizes = DockSizes(window, self._docks)
        for dock in self._docks.values():
            dock.toggleViewAction().triggered.connect(lambda _checked: self._on_toggled())
        self._frame_bottom()

    @property
    def shares(self) -> DockShares:
        """The shares of the window that the user gave to the docks."""
        return self._sizes.shares

    def restore(self, shares: DockShares) -> None:
        """Apply the shares of the last run, once the window knows which docks it shows."""
        self._sizes.shares = shares
        self._frame_bottom()
        self._sizes.fit()

    @property
    def toggles(self) -> list[QAction]:
        """The actions that show or hide the docked panels."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def panel(self, name: str, kind: type[Panel]) -> Panel:
        """The panel called `name` in the table."""
        panel = self._panels[name]
        assert isinstance(panel, kind), f"the panel {name!r} is not a {kind.__name__}"
        return panel

    def raise_dock(self, name: str) -> None:
        """Show a docked panel, in front of others in the same place."""
        dock = self._docks[name]
        was_hidden = dock.isHidden()
        dock.show()
        dock.raise_()
        if was_hidden:
            self._on_toggled()

    def shrink_files_dock(self) -> None:
        """Make the files panel low while it is empty, however high it was before."""
        self._sizes.is_low = True
        self._sizes.fit()

    def grow_files_dock(self) -> None:
        """Make the files panel high enough for a few rows."""
        self._sizes.is_low = False
        self._sizes.fit()

    def _on_toggled(self) -> None:
        """Fit the sizes after a dock was shown or hidden."""
        self._frame_bottom()
        self._sizes.fit()

    def _frame_bottom(self) -> None:
        """Leave space at both ends of the bottom row."""
        for dock in self._sizes.shown(Qt.DockWidgetArea.BottomDockWidgetArea):
            dock.widget().setContentsMargins(_EDGE_PX, _INNER_PX, _EDGE_PX, 8)

    def _tab_bottom(self) -> None:
        """The panels at the bottom share one place, a tab each; the first is in front."""
        self._window.setTabPosition(Qt.DockWidgetArea.BottomDockWidgetArea, QTabWidget.TabPosition.North)
        bottom = [self._docks[spec.name] for spec in PANELS if spec.area == Qt.DockWidgetArea.BottomDockWidgetArea]
        for dock in bottom[1:]:
            self._window.tabifyDockWidget(bottom[0], dock)
        bottom[0].raise_()

    def _dock(self, spec: PanelSpec, panel: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = self._docks[spec.name] = QDockWidget(spec.title, self._window)
        dock.setObjectName(f"{spec.name}_dock")
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        dock.setWidget(_framed(panel))
        # No title bar: each panel has its own heading, and the View menu hides it.
        dock.setTitleBarWidget(QWidget(dock))
        self._window.addDockWidget(area, dock)
        dock.setVisible(not spec.waits)


def _below(above: QWidget, panel: QWidget) -> QWidget:
    middle = QWidget()
    column = QVBoxLayout(middle)
    column.setContentsMargins(_EDGE_PX, _EDGE_PX, _INNER_PX, _INNER_PX)
    column.setSpacing(8)
    column.addWidget(above)
    column.addWidget(panel, 1)
    return middle


def _framed(panel: QWidget) -> QWidget:
    """Put space around a docked panel, to align it with the one in the middle."""
    frame = QWidget()
    frame.setContentsMargins(_INNER_PX, _EDGE_PX, _EDGE_PX, _INNER_PX)
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(panel)
    return frame
