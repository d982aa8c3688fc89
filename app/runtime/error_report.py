"""Logs every uncaught error and shows it in a dialog, one at a time."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

import platformdirs
from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from app.style.plain_text import plain_tip
from core.errors import UserError

log = logging.getLogger(__name__)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_crash_file: IO[str] | None = None
"""Kept open for as long as the program runs: faulthandler writes into it from a signal."""


def log_folder() -> Path:
    """The folder of the log files."""
    return Path(platformdirs.user_log_dir("Soundmark", appauthor=False))


def start_log(folder: Path) -> UserError | None:
    """Write a rotating log, and the interpreter's report of a crash, into `folder`.

    Where that fails, warnings and crashes go to stderr, and the reason is returned.
    """
    global _crash_file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        crash_file = (folder / "crash.log").open("a", encoding="utf-8")
        file = logging.handlers.RotatingFileHandler(
            folder / "soundmark.log", maxBytes=1_000_000, backupCount=4, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        _log_to_stderr()
        return _no_log_folder(folder, error)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[file], force=True)
    _crash_file = crash_file
    faulthandler.enable(_crash_file)
    return None


def _log_to_stderr() -> None:
    # A program started without a terminal may have no stderr at all.
    handler = logging.NullHandler() if sys.stderr is None else logging.StreamHandler()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    if sys.stderr is not None:
        faulthandler.enable()


def _no_log_folder(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"There is no log file: {folder} cannot be written to ({error.strerror}).",
        "Soundmark works without it. To get one, free some disk space or make the folder writable, and restart.",
    )


def open_log_folder() -> None:
    """Show the log files in the system's file browser. Raises UserError where there is no such folder."""
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_log_folder(log_folder(), error) from error
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))


class ErrorReport(QObject):
    """Logs uncaught errors of any thread and shows them to the user."""

    _caught = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dialog: QMessageBox | None = None
        self.window: QWidget | None = None
        # Queued also within the GUI thread, so that no dialog opens in the middle of a paint.
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Install the hooks of Python and Qt."""
        sys.excepthook = self.on_exception
        threading.excepthook = self._on_thread_exception
        qInstallMessageHandler(_on_qt_message)

    def on_exception(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """As `sys.excepthook`. May be called by any thread."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, traceback)
            return
        log.critical("uncaught error", exc_info=(kind, error, traceback))
        message = f"{error.problem} {error.remedy}" if isinstance(error, UserError) else f"{kind.__name__}: {error}"
        self._caught.emit(message)

    def _on_thread_exception(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None:
            self.on_exception(caught.exc_type, caught.exc_value, caught.exc_traceback)

    @Slot(str)
    def _show(self, message: str) -> None:
        """One dialog at a time: a timer that fails thirty times a second must not open thirty dialogs a second."""
        if self.dialog is not None:
            return
        dialog = QMessageBox(self.window)
        dialog.setWindowTitle("Soundmark")
        dialog.setIcon(QMessageBox.Icon.Warning)
        dialog.setText("Something went wrong. Soundmark keeps running as well as it can.")
        dialog.setInformativeText(plain_tip(message))
        folder = dialog.addButton("Open log folder", QMessageBox.ButtonRole.ActionRole)
        folder.clicked.connect(open_log_folder)
        dialog.addButton(QMessageBox.StandardButton.Close)
        dialog.setModal(False)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        dialog.show()

    @Slot()
    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), message)
