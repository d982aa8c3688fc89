"""Drag and drop of files: reading what a drag carries, an overlay that announces it, and a window that accepts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QMainWindow, QWidget

from app.style import formatting
from app.style.theme import Theme

_CHECKED_PATHS = 200
"""How many paths are checked for being a folder: each check can be slow on a network drive."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Local paths that were dropped, and how many dropped URLs are not local files."""

    paths: tuple[Path, ...]
    refused: int

    @property
    def description(self) -> str:
        """What dropping will do, such as `Tag 14 files`."""
        if not self.paths:
            return "Only files on this computer can be tagged"
        folders = sum(path.is_dir() for path in self.paths[:_CHECKED_PATHS])
        files = len(self.paths) - folders
        parts = [formatting.count(files, "file")] * bool(files) + [formatting.count(folders, "folder")] * bool(folders)
        return f"Tag {' and '.join(parts)}"


def read_drop(mime: QMimeData) -> Drop | None:
    """The files of a drag, or None when it carries no files."""
    if not mime.hasUrls():
        return None
    urls = mime.urls()
    local = tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile() and url.toLocalFile())
    return Drop(local, len(urls) - len(local))


class DropOverlay(QWidget):
    """Covers its parent while files hover over it, and lets the mouse through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self._theme = theme
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What dropping will do")
        self.setToolTip("Drop the files to do this")
        self.hide()

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._theme = theme

    @property
    def text(self) -> str:
        """The text on the overlay."""
        return self._text

    def announce(self, text: str) -> None:
        """Cover the window and show what dropping will do."""
        self._text = text
        self.setAccessibleDescription(text)
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self._theme.window)
        veil.setAlpha(215)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(self._theme.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(18, 18, -18, -18), 14, 14)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.9)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)


class DropWindow(QMainWindow):
    """A main window that accepts files and folders."""

    dropped = Signal(object)
    """Drop: what was dropped, also when none of it can be tagged."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.overlay = DropOverlay(theme, self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        drop = read_drop(event.mimeData())
        # What is dragged out of this window is not to be dropped into it.
        if drop is None or event.source() is not None:
            event.ignore()
            return
        # Always accept here, or Qt sends no dragLeaveEvent; dragMoveEvent refuses what cannot be tagged.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.overlay.announce(drop.description)

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
