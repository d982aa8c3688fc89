"""Runs Python's cyclic garbage collection on the GUI thread only. Collects nothing else."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

_EVERY_MS = 1000


class GarbageTimer(QObject):
    """While it lives, automatic collection is off and a timer does its work.

    The interpreter collects wherever a threshold is crossed, in the listener's thread too, and a QObject that is
    destroyed outside the GUI thread crashes.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self.collect)
        timer.start(_EVERY_MS)

    @Slot()
    def collect(self) -> None:
        """Collect the generations that are due, as the interpreter would."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return
