"""The menu of models, shared by the menu bar and the tool bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.live.session import LiveSession
from app.models.merge_menu import MergeMenu
from app.runtime.core_api import ModelRow
from app.style.plain_text import plain_tip
from core.run.run_folder import CHECKPOINT_NAME


class ModelMenu(QObject):
    """Keeps a menu up to date.

    chosen: the name or path of a model (str). file_wanted, folder_wanted: the user wants to choose a checkpoint.
    more: the action that opens the dialog of downloads. merging: the submenu of token merging.
    """

    chosen = Signal(str)
    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, menu: QMenu, session: LiveSession, more: QAction) -> None:
        super().__init__(menu)
        self._menu, self._session, self._more = menu, session, more
        self.merging = MergeMenu(session, menu)
        self._rows: tuple[ModelRow, ...] | None = None
        self._trained: tuple[Path, ...] = ()
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._on_triggered)
        session.tagger_changed.connect(self.rebuild)
        self.rebuild()

    def set_rows(self, rows: tuple[ModelRow, ...]) -> None:
        """List these models of this computer."""
        self._rows = rows
        self.rebuild()

    def set_trained(self, checkpoints: Sequence[Path]) -> None:
        """List these models trained on this computer, the newest first."""
        self._trained = tuple(checkpoints)
        self.rebuild()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Name and title of each model in the menu."""
        return [(action.data(), action.text()) for action in self._group.actions()]

    @Slot()
    def rebuild(self) -> None:
        """List the models, and the one in use if it was opened by its path."""
        self._menu.clear()
        for action in self._group.actions():
            self._group.removeAction(action)
            action.deleteLater()
        for row in self._rows or ():
            self._add(row.name, row.title, row.summary)
        for checkpoint in self._trained:
            self._add(str(checkpoint), title_of(checkpoint), f"Trained on this computer: {checkpoint}")
        self._add_opened()
        if not self._group.actions():
            words = "Searching for models…" if self._rows is None else "No model is installed"
            self._menu.addAction(words).setEnabled(False)
        self._menu.addSeparator()
        self._menu.addMenu(self.merging.menu)
        self._menu.addSeparator()
        self._menu.addAction(self._more)
        self._menu.addAction("Open model &file…", self.file_wanted.emit).setToolTip("Use a checkpoint file")
        self._menu.addAction("Open model f&older…", self.folder_wanted.emit).setToolTip("Use a checkpoint folder")

    def _add_opened(self) -> None:
        model = self._session.model
        listed = {row.name for row in self._rows or ()} | {str(path) for path in self._trained}
        if model is not None and model not in listed:
            self._add(model, title_of(Path(model)), model)

    def _add(self, name: str, title: str, summary: str) -> None:
        action = QAction(title, self._menu, checkable=True)
        action.setData(name)
        action.setToolTip(plain_tip(summary))
        action.setChecked(self._session.tagger is not None and name == (self._session.model or "starter"))
        self._group.addAction(action)
        self._menu.addAction(action)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        name = action.data()
        self.rebuild()
        self.chosen.emit(name)


def title_of(checkpoint: Path) -> str:
    """The name of a checkpoint: that of its run's folder, where it has one."""
    return checkpoint.parent.name if checkpoint.name == CHECKPOINT_NAME else checkpoint.name
