"""Everything about models in the window: connects the menu, the dialog of downloads and the live session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMainWindow

from app.live.session import LiveSession
from app.models.dialog import ModelsDialog
from app.models.downloads import ModelDownloads
from app.models.menu import ModelMenu
from app.runtime.context import WindowParts
from app.widgets import file_dialogs
from core.errors import UserError


class ModelsController(QObject):
    """failed: a UserError to show."""

    failed = Signal(object)

    def __init__(self, window: QMainWindow, parts: WindowParts, session: LiveSession) -> None:
        super().__init__(window)
        self._window, self._parts, self._session = window, parts, session
        self.downloads = ModelDownloads(parts.core, parts.jobs, self)
        self.dialog: ModelsDialog | None = None
        session.merge = parts.settings.merge
        session.pace.choose(parts.settings.pace)
        session.pace.chosen.connect(self._remember_pace)
        session.state_changed.connect(self._show_in_use)
        session.tagger_changed.connect(self._show_in_use)

    def connect_menu(self, menu: ModelMenu) -> None:
        """Connect the Model menu, and list in it the models on this computer."""
        menu.chosen.connect(self._session.load_model)
        menu.file_wanted.connect(lambda: self._open(file_dialogs.ask_model_file(self._window)))
        menu.folder_wanted.connect(lambda: self._open(file_dialogs.ask_folder(self._window, "Open model folder")))
        menu.merging.chosen.connect(self.use_merge)
        self.downloads.listed.connect(menu.set_rows)

    def actions(self) -> dict[str, Callable[..., object]]:
        """What each entry of the Model menu does, by its name."""
        return {"download_models": self.download_models}

    def _open(self, path: Path | None) -> None:
        if path is not None:
            self._session.load_model(str(path))

    @Slot(str)
    def use_merge(self, merge: str) -> None:
        """Change the token merging from the next window on, and remember it."""
        try:
            self._session.use_merge(merge)
        except UserError as error:
            self.failed.emit(error)
        else:
            self._parts.settings.merge = merge

    @Slot(str)
    def _remember_pace(self, word: str) -> None:
        self._parts.settings.pace = word

    # ----- downloading -----

    @Slot()
    def download_models(self) -> None:
        """Show the dialog, or bring it to the front."""
        self.downloads.refresh()
        self.downloads.look_for_parts()
        if self.dialog is None:
            self.dialog = dialog = ModelsDialog(self.downloads, self._parts.appearance, self._window)
            dialog.use_wanted.connect(self._session.load_model)
            dialog.file_wanted.connect(lambda: self._import(file_dialogs.ask_import(dialog)))
            dialog.folder_wanted.connect(lambda: self._import(file_dialogs.ask_folder(dialog, "Import a model folder")))
            dialog.finished.connect(self._forget_dialog)
            self._show_in_use()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    @Slot()
    def _forget_dialog(self) -> None:
        self.dialog = None

    def _import(self, path: Path | None) -> None:
        if path is not None:
            self.downloads.import_model(path)

    @Slot()
    def _show_in_use(self) -> None:
        """Show in the dialog which model is in use."""
        session = self._session
        if self.dialog is not None:
            self.dialog.show_in_use(session.model, is_loading=session.is_loading_model, failure=session.model_failure)

    # ----- the end -----

    def end(self) -> None:
        """Stop everything when the window closes."""
        if self.dialog is not None:
            self.dialog.close()
        self.downloads.stop_all()
