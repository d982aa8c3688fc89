"""Puts the panels of PANELS into a window: one in the middle, the others docked around it, as tabs at the bottom."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.dock_sizes import DockSizes
from app.panels import PANELS, PanelParts, PanelSpec
from app.runtime.dock_shares import DockShares
from app.widgets.dock_title import DockTitle

Panel = TypeVar("Panel", bound=QWidget)
_EDGE_PX, _INNER_PX = 10, 2
_OPTIONS = QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
_FEATURES = QDockWidget.DockWidgetFeature.DockWidgetClosable | QDockWidget.DockWidgetFeature.DockWidgetMovable


class Docks:
    """The panels of one window. toggles: for each docked panel the action that shows or hides it."""

    def __init__(self, window: QMainWindow, parts: PanelParts, above: QWidget) -> None:
        self._window = window
        self._panels: dict[str, QWidget] = {}
        self._docks: dict[str, QDockWidget] = {}
        self._titles: dict[str, DockTitle] = {}
        window.setDockOptions(_OPTIONS)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for spec in PANELS:
            panel = self._panels[spec.name] = spec.build(parts)
            if spec.area is None:
                window.setCentralWidget(_below(above, panel))
            else:
                self._dock(spec, panel, parts)
        self._sizes = DockSizes(window, self._docks)
        self._arrange()
        for dock in self._docks.values():
            dock.toggleViewAction().triggered.connect(self._sizes.fit)

    @property
    def shares(self) -> DockShares:
        """The shares of the window that the user gave to the docks."""
        return self._sizes.shares

    def restore(self, shares: DockShares) -> None:
        """Apply the shares of the last run, once the window knows which docks it shows."""
        self._sizes.shares = shares
        self._sizes.fit()
        self._refresh_titles()

    def reset(self) -> None:
        """Put every panel back to its first place and size."""
        self._sizes.shares = DockShares()
        self._arrange()
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
            self._sizes.fit()

    def _arrange(self) -> None:
        """The first layout: each panel in its area, those of one area as tabs, the first of them in front."""
        first: dict[Qt.DockWidgetArea, QDockWidget] = {}
        for spec in PANELS:
            if spec.area is None:
                continue
            dock = self._docks[spec.name]
            self._window.removeDockWidget(dock)
            self._window.addDockWidget(spec.area, dock)
            if spec.area in first:
                self._window.tabifyDockWidget(first[spec.area], dock)
            dock.setVisible(not spec.waits)
            first.setdefault(spec.area, dock)
        for dock in first.values():
            dock.raise_()
        self._refresh_titles()

    def _refresh_titles(self) -> None:
        """Panels behind tabs are moved by their tab and need no bar; all have the same space around them."""
        if not isValid(self._window):  # docks report to the last that they are hidden
            return
        for name, dock in self._docks.items():
            self._titles[name].show_bar(not self._window.tabifiedDockWidgets(dock))
            at_side = self._window.dockWidgetArea(dock) == Qt.DockWidgetArea.RightDockWidgetArea
            left, bottom = (_INNER_PX, _INNER_PX) if at_side else (_EDGE_PX, 8)
            dock.widget().setContentsMargins(left, _INNER_PX, _EDGE_PX, bottom)

    def _dock(self, spec: PanelSpec, panel: QWidget, parts: PanelParts) -> None:
        dock = self._docks[spec.name] = QDockWidget(spec.title, self._window)
        dock.setObjectName(f"{spec.name}_dock")
        dock.setFeatures(_FEATURES)
        dock.setWidget(_framed(panel))
        title = self._titles[spec.name] = DockTitle(spec.title, parts.appearance, dock)
        title.close_wanted.connect(dock.close)
        dock.setTitleBarWidget(title)
        dock.dockLocationChanged.connect(lambda _area: self._refresh_titles())
        dock.visibilityChanged.connect(lambda _visible: self._refresh_titles())


def _below(above: QWidget, panel: QWidget) -> QWidget:
    middle = QWidget()
    column = QVBoxLayout(middle)
    column.setContentsMargins(_EDGE_PX, _EDGE_PX, _INNER_PX, _INNER_PX)
    column.setSpacing(8)
    column.addWidget(above)
    column.addWidget(panel, 1)
    return middle


def _framed(panel: QWidget) -> QWidget:
    """Put space around a docked panel."""
    frame = QWidget()
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(panel)
    return frame
