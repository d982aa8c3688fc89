"""Runs Python's cyclic garbage collection on the GUI thread only, and keeps it short."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

_EVERY_MS = 1000


class GarbageTimer(QObject):
    """While it lives, automatic collection is off; once start-up is over, a timer does its work.

    The interpreter collects wherever a threshold is crossed, in the listener's thread too, and a QObject that is
    destroyed outside the GUI thread crashes.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._is_started_up = False
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self.collect)
        timer.start(_EVERY_MS)

    @Slot()
    def end_start_up(self) -> None:
        """Take everything that exists now out of all later collections, and begin to collect. Later calls do nothing.

        PyTorch and timm leave some 600,000 objects that stay to the end. To walk them takes 0.4 s, in which the window
        would stand still. A model is freed by its reference count, so one that is replaced is not kept by this.
        """
        if not self._is_started_up:
            self._is_started_up = True
            gc.freeze()

    @Slot()
    def collect(self) -> None:
        """Collect the generations that are due, as the interpreter would."""
        if not self._is_started_up:
            return
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return
