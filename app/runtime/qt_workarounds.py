"""Works around two defects of PySide6: objects destroyed outside the GUI thread, and a release that crashes."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

from core.errors import UserError

_EVERY_MS = 1000


def check_versions(pyside: str, python: tuple[int, ...]) -> None:
    """Raise UserError for a PySide6 that loses references on this Python and would abort within a minute."""
    if pyside == "6.12.0" and python < (3, 12):
        raise UserError(
            "PySide6 6.12.0 crashes on Python 3.11 and older.",
            'Install another version: pip install "PySide6-Essentials<6.12".',
        )


class GarbageTimer(QObject):
    """Replaces automatic garbage collection, once start-up is over, by a timer on the GUI thread.

    The interpreter collects in whichever thread crosses a threshold, and a QObject that is destroyed outside the GUI
    thread crashes.
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
        """Exclude everything that exists now from later collections, and begin to collect. Later calls do nothing.

        PyTorch and timm leave some 600,000 objects that stay until the end. Walking them takes 0.4 s, in which the
        window would freeze. A model is freed by its reference count, so a replaced one is not kept by this.
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
