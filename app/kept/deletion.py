"""Deletes everything that the program has kept of what it heard, after one question."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QMessageBox, QWidget

from app.kept.stretch import stretches_folder
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.recordings import Recordings
from core.errors import UserError

log = logging.getLogger(__name__)


class DeleteDialog(QMessageBox):
    """The question. recordings: how many there are and how large, in words; empty for none."""

    confirmed = Signal(bool)
    """Delete it; and whether recordings are to go as well."""

    def __init__(self, recordings: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Delete everything that was kept")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setText("Delete everything that was kept?")
        self.setInformativeText(
            "Kept sound, the events with their notes, and the list of files are deleted and cannot be restored. Files "
            "that you saved yourself stay, and so do models and settings."
        )
        self.recordings = QCheckBox(f"Also delete {recordings}" if recordings else "There are no recordings")
        self.recordings.setEnabled(bool(recordings))
        self.recordings.setChecked(bool(recordings))
        self.recordings.setAccessibleName("Also delete recordings")
        self.recordings.setToolTip("Recordings that Soundmark made, starred ones too")
        self.setCheckBox(self.recordings)
        self.delete = self.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        self.keep = self.addButton("Keep it", QMessageBox.ButtonRole.RejectRole)
        for button, tip in ((self.delete, "Delete it now"), (self.keep, "Delete nothing (Esc)")):
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
        self.setDefaultButton(self.keep)
        self.setEscapeButton(self.keep)
        self.finished.connect(self._on_finished)

    @Slot()
    def _on_finished(self) -> None:
        if self.clickedButton() is self.delete:
            self.confirmed.emit(self.recordings.isChecked())


def delete_everything(sound: KeptSound, recordings: Recordings | None, others: tuple[Callable[[], None], ...]) -> None:
    """Delete kept sound, files of stretches, recordings (None: not those), and what `others` delete.

    For a pool thread. Continues where something cannot be deleted, and raises UserError at the end.
    """
    failures: list[str] = []
    sound.ring.delete_all()
    sound.flush()
    shutil.rmtree(stretches_folder(), ignore_errors=True)
    for delete in (*(() if recordings is None else (recordings.delete_all,)), *others):
        try:
            delete()
        except (OSError, UserError) as error:
            log.warning("not everything could be deleted: %s", error)
            failures.append(error.problem if isinstance(error, UserError) else str(error))
    if failures:
        raise UserError(f"Not everything could be deleted: {' '.join(failures)}", "Delete the rest by hand.")
