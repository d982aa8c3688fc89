"""Progress of a pool thread for the GUI thread: at most ten reports a second, and none once the window is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import SignalInstance

from core.throttle import Throttle

log = logging.getLogger(__name__)


class ProgressReports:
    """Calls `send` at most every `every_s` seconds while there is something new. Used by one thread."""

    def __init__(self, send: Callable[[], None], every_s: float = 0.1) -> None:
        self._send = send
        self._throttle = Throttle(every_s)
        self._is_pending = False

    def notify(self) -> None:
        """Something is new: send it now if a report is due, else with a later call."""
        self._is_pending = True
        if self._throttle.is_due():
            self.flush()

    def flush(self) -> None:
        """Send what is new and has not been sent."""
        if self._is_pending:
            self._throttle.restart()
            self._is_pending = False
            self._send()


def emit_from_thread(signal: SignalInstance, *values: object) -> None:
    """Emit a queued signal from a pool thread; when its object is already deleted, drop the values."""
    try:
        signal.emit(*values)
    except RuntimeError:
        log.info("a result arrived after the window was closed")
