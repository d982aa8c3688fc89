"""Whether the classes that a more specific detected one implies are shown too, stored in the settings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.settings import UserSettings
from core.label_tree import label_tree
from core.labels import LabelSet


class ShownParents(QObject):
    """The user's choice; saved at once."""

    changed = Signal()
    """The choice is another one. No payload."""

    def __init__(self, settings: UserSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.is_on = settings.shows_parents

    @Slot(bool)
    def choose(self, is_on: bool) -> None:
        """Show them, or leave them out."""
        if is_on != self.is_on:
            self.is_on = self._settings.shows_parents = is_on
            self.changed.emit()

    def left_out(self, labels: LabelSet, detected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the `detected` labels are not to be shown, both bool `(labels,)`."""
        return detected & self.implied(labels, detected)

    def implied(self, labels: LabelSet, detected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which labels are not to be shown beside the `detected` ones, detected themselves or not: both bool
        `(labels,)`."""
        return np.zeros(len(labels), bool) if self.is_on else label_tree(labels).implied_by(detected)
