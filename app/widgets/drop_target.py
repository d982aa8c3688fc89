"""Drag and drop of files: what a drag carries, the overlay that says what dropping does, and the window for both."""

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

_LOOKED_AT = 200
"""Folders are told from files among so many paths only: a look at each may be slow on a network drive."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Paths that can be tagged, and how many addresses cannot because they are elsewhere."""

    paths: tuple[Path, ...]
    refused: int

    @property
    def words(self) -> str:
        """What letting go will do: `Tag 14 files`."""
        if not self.paths:
            return "Only files on this computer can be tagged"
        looked_at = self.paths[:_LOOKED_AT]
        folders = sum(path.is_dir() for path in looked_at)
        files = len(self.paths) - folders
        parts = [formatting.count(files, "file")] * bool(files) + [formatting.count(folders, "folder")] * bool(folders)
        return f"Tag {' and '.join(parts)}"


def read_drop(mime: QMimeData) -> Drop | None:
    """What a drag carries; None when it has nothing to do with files."""
    if not mime.hasUrls():
        return None
    urls = mime.urls()
    local = tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile() and url.toLocalFile())
    return Drop(local, len(urls) - len(local))


class DropOverlay(QWidget):
    """Covers its parent while shown; the mouse goes through it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self._theme = theme
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What dropping will do")
        self.setToolTip("Let go to do this")
        self.hide()

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._theme = theme

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def announce(self, text: str) -> None:
        """Cover the window and say what will happen."""
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
