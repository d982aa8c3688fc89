"""Hands for tests of the window: listening, keys and drops."""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.tags.panel import TagsPanel
from tests.app.app_fakes import FakeCore


def echo(text: str) -> tuple[str, ...]:
    """A command that prints `text` on every system, without site-packages, so that it starts quickly."""
    return (sys.executable, "-I", "-S", "-c", "import sys; sys.stdout.buffer.write(sys.argv[1].encode())", text)


def mime_of(*addresses: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(address) if "://" in address else QUrl.fromLocalFile(address) for address in addresses])
    return mime


def drop(window: QWidget, mime: QMimeData) -> QDropEvent:
    QApplication.sendEvent(window, drag_in(mime))
    event = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, event)
    return event


def drag_in(mime: QMimeData) -> QDragEnterEvent:
    return QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )


def listen(window: MainWindow, core: FakeCore, qtbot: QtBot, n_before: int = 0) -> None:
    """Listen, and hear three seconds. n_before: listeners of earlier windows."""
    window.begin()
    qtbot.waitUntil(lambda: len(core.listeners) > n_before)
    core.listeners[-1].hear(frames=300)
    qtbot.waitUntil(lambda: window.session.is_listening and window.session.tagger is not None)


def tag_names(panel: TagsPanel) -> list[str]:
    """The classes in the list, from the top."""
    return [row.name for row in panel.list.tags.rows]


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)
