"""The classes that the user does not want to hear of, stored by label id so that they survive a change of model."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.settings import UserSettings
from core.labels import LabelSet


class MutedClasses(QObject):
    """Muted labels in the order of muting, names by id; each change is saved at once.

    What is muted is left out of Now hearing, of the boxes on the live picture and of events; where an event would have
    been, a near miss says so. Files are not affected.
    """

    changed = Signal()
    """A label was muted, or is heard again. No payload."""

    def __init__(self, settings: UserSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.names: dict[str, str] = settings.muted

    def __contains__(self, label_id: object) -> bool:
        return label_id in self.names

    def toggle(self, label_id: str, name: str) -> None:
        """Mute a label, or hear it again. name: its name on screen, which another model may not have."""
        names = {other: other_name for other, other_name in self.names.items() if other != label_id}
        self._set(names if label_id in self.names else {**names, label_id: name})

    @Slot()
    def clear(self) -> None:
        """Hear everything again."""
        self._set({})

    def indices(self, labels: LabelSet) -> frozenset[int]:
        """The output indices of the muted labels that the model has."""
        if not self.names:
            return frozenset()
        return frozenset(label.index for label in labels if label.id in self.names)

    def _set(self, names: dict[str, str]) -> None:
        if names != self.names:
            self.names = self._settings.muted = names
            self.changed.emit()
