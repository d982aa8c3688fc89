"""The classes that the user pinned, stored by label id so that they survive a change of model."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.runtime.settings import UserSettings
from core.labels import LabelSet


class Pins(QObject):
    """Pinned label ids in the order of pinning; each change is saved at once."""

    changed = Signal()
    """A label was pinned or unpinned. No payload."""

    def __init__(self, settings: UserSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.ids: tuple[str, ...] = settings.pinned

    def toggle(self, label_id: str) -> None:
        """Pin a label, or unpin it."""
        if label_id in self.ids:
            self.ids = tuple(pinned for pinned in self.ids if pinned != label_id)
        else:
            self.ids = (*self.ids, label_id)
        self._settings.pinned = self.ids
        self.changed.emit()

    def indices(self, labels: LabelSet) -> tuple[int, ...]:
        """The output indices of the pinned labels that the model has."""
        by_id = {label.id: label.index for label in labels}
        return tuple(by_id[label_id] for label_id in self.ids if label_id in by_id)
