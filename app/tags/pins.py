"""The labels that the user pinned, by id so that they survive a change of model. Knows no widgets."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.runtime.settings import UserSettings
from core.labels import LabelSet


class Pins(QObject):
    """Pinned label ids in the order of pinning, remembered at once."""

    changed = Signal()

    def __init__(self, settings: UserSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.ids: tuple[str, ...] = settings.pinned

    def toggle(self, label_id: str) -> None:
        """Pin, or let go."""
        if label_id in self.ids:
            self.ids = tuple(one for one in self.ids if one != label_id)
        else:
            self.ids = (*self.ids, label_id)
        self._settings.pinned = self.ids
        self.changed.emit()

    def indices(self, labels: LabelSet) -> tuple[int, ...]:
        """Output indices of the pinned labels that this model knows."""
        by_id = {label.id: label.index for label in labels}
        return tuple(by_id[one] for one in self.ids if one in by_id)
