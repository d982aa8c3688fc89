"""A window onto which files can be dropped, saying beforehand what that will do. Opens none of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow

from app.style.theme import Theme
from app.widgets.drop_overlay import DropOverlay
from app.widgets.drop_target import read_drop


class DropWindow(QMainWindow):
    """dropped: a Drop, which may hold only what has to be refused."""

    dropped = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.overlay = DropOverlay(theme, self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        drop = read_drop(event.mimeData())
        if drop is None:
            event.ignore()
            return
        # Entering is always taken, so that leaving is told; what cannot be tagged is refused on the way.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.overlay.announce(drop.words)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        drop = read_drop(event.mimeData())
        if drop is None or not drop.paths:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.overlay.hide()
        drop = read_drop(event.mimeData())
        if drop is None or not drop.paths:
            event.ignore()
        else:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        if drop is not None:
            self.dropped.emit(drop)
