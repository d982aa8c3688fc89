"""Tells the window what the engines say to people: that a GPU is full, or a precision not to be trusted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, Signal

from core.inference.engines.notices import NOTICES


class EngineNotices(QObject):
    """Hears `NOTICES` for as long as it lives. noticed: a sentence, each only once."""

    noticed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        retelling = _Retelling(self.noticed.emit)
        NOTICES.addHandler(retelling)
        self.destroyed.connect(lambda: NOTICES.removeHandler(retelling))


class _Retelling(logging.Handler):
    """Hands over each sentence the first time that it comes, in the thread that logs it."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        sentence = record.getMessage()
        if sentence not in self._told:
            self._told.add(sentence)
            with suppress(RuntimeError):  # a window that has just been closed
                self._tell(sentence)
