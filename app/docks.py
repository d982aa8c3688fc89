"""Puts the panels of PANELS into a window: one in the middle, the others docked around it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from app.panels import PANELS, PanelParts, PanelSpec

Panel = TypeVar("Panel", bound=QWidget)
_TAGS_PX = 330
_EMPTY_FILES_PX, _FILES_PX = 130, 210
"""How high the panel of files is, before and after files come."""
_TRAINING_PX = 270


class Docks:
    """The panels of one window. toggles: an action each, to show or hide a docked panel."""

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
        docks = list(self._docks.values())
        window.resizeDocks(docks, [_TAGS_PX] * len(docks), Qt.Orientation.Horizontal)
        window.resizeDocks(docks, [_EMPTY_FILES_PX] * len(docks), Qt.Orientation.Vertical)
        self._docks["training"].toggleViewAction().triggered.connect(self._make_room_for_training)

    @property
    def toggles(self) -> list[QAction]:
        """Show or hide, for each docked panel."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def panel(self, name: str, kind: type[Panel]) -> Panel:
        """The panel called `name` in the table."""
        panel = self._panels[name]
        assert isinstance(panel, kind), f"the panel {name!r} is no {kind.__name__}"
        return panel

    def bring(self, name: str) -> None:
        """Show a docked panel, in front of others in the same place."""
        dock = self._docks[name]
        was_hidden = dock.isHidden()
        dock.show()
        dock.raise_()
        if was_hidden and name == "training":
            self._make_room_for_training()

    def save_room(self) -> None:
        """Make the panel of files low while it is empty, however high it was with files in it."""
        self._window.resizeDocks([self._docks["files"]], [_EMPTY_FILES_PX], Qt.Orientation.Vertical)

    def make_room_for_files(self) -> None:
        """Make the panel of files high enough for a few rows."""
        dock = self._docks["files"]
        if dock.height() < _FILES_PX:
            self._window.resizeDocks([dock], [_FILES_PX], Qt.Orientation.Vertical)

    def _make_room_for_training(self) -> None:
        """Half of the width, and high enough for its curves."""
        side_by_side = [dock for name in ("files", "training") if not (dock := self._docks[name]).isHidden()]
        if self._docks["training"] not in side_by_side:
            return
        width = self._window.width() // len(side_by_side)
        self._window.resizeDocks(side_by_side, [width] * len(side_by_side), Qt.Orientation.Horizontal)
        height = max(_TRAINING_PX, self._docks["training"].height())
        self._window.resizeDocks(side_by_side, [height] * len(side_by_side), Qt.Orientation.Vertical)

    def _dock(self, spec: PanelSpec, panel: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = self._docks[spec.name] = QDockWidget(spec.title, self._window)
        dock.setObjectName(f"{spec.name}_dock")
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        dock.setWidget(_framed(panel, area))
        # No title bar: the panels say themselves what they are, and the View menu hides them.
        dock.setTitleBarWidget(QWidget(dock))
        self._window.addDockWidget(area, dock)
        dock.setVisible(not spec.waits)


def _below(above: QWidget, panel: QWidget) -> QWidget:
    middle = QWidget()
    column = QVBoxLayout(middle)
    column.setContentsMargins(10, 10, 2, 2)
    column.setSpacing(8)
    column.addWidget(above)
    column.addWidget(panel, 1)
    return middle


def _framed(panel: QWidget, area: Qt.DockWidgetArea) -> QWidget:
    """Air around a docked panel, so that it stands in line with the one in the middle."""
    frame = QWidget()
    column = QVBoxLayout(frame)
    at_bottom = area == Qt.DockWidgetArea.BottomDockWidgetArea
    column.setContentsMargins(*((10, 2, 10, 8) if at_bottom else (2, 10, 10, 2)))
    column.addWidget(panel)
    return frame
