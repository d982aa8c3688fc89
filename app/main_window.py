"""The window: puts toolbar, panels, menus and status line together and says what each action does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QMessageBox

from app.docks import Docks
from app.files.panel import FilesPanel
from app.files.table_model import FilesModel
from app.files.tagging_queue import TaggingQueue
from app.live.input_menu import InputMenu
from app.live.session import LiveSession
from app.menus import KEYS_IN_PICTURE, PICTURE_KEYS, Menus, check, key_lines
from app.models.controller import ModelDesk
from app.models.menu import ModelMenu
from app.notifications import Complaints
from app.panels import PanelParts
from app.presenter import Stage
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.context import WindowParts
from app.runtime.error_report import open_log_folder
from app.shortcuts_dialog import KeysDialog
from app.spectrogram.panel import SpectrogramPanel
from app.spectrogram.timeline import LiveTimeline
from app.status_bar import StatusLine
from app.tags.panel import TagsPanel
from app.tags.pins import Pins
from app.toolbar import ToolBar
from app.training.controller import TrainingController
from app.training.panel import TrainingPanel
from app.view_settings import ViewSettings
from app.widgets import file_dialogs
from app.widgets.banner import Banner
from app.widgets.drop_target import Drop, DropWindow
from app.widgets.icons import application_icon
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.version import NAME, version

ABOUT = (
    f"<b>{NAME} {escape(version())}</b><p>Tags what it hears: live, in files, and with models you train yourself. "
    "Nothing leaves this computer.</p><p>Apache License 2.0</p>"
)


class MainWindow(DropWindow):
    """One screen: what is heard now, what was heard, is everything all right."""

    def __init__(self, parts: WindowParts) -> None:
        super().__init__(parts.appearance.theme)
        self.setObjectName("MainWindow")
        self.setWindowTitle("Soundmark")
        self.setWindowIcon(application_icon())
        self._parts = parts
        self.session = LiveSession(parts.calls, parts.jobs, self)
        self.session.input = parts.settings.input
        self.file_tagging = TaggingQueue(parts.calls, self)
        self.pins = Pins(parts.settings, self)
        self._chosen_input: InputChoice | None = None
        self.training = TrainingController(self, parts)
        self.models = ModelDesk(self, parts, self.session)
        self._build()
        self._connect()
        self._restore()

    @property
    def files(self) -> FilesModel:
        """The list of files."""
        return self.file_tagging.model

    @property
    def jobs(self) -> BackgroundJobs:
        """Short jobs beside the window."""
        return self._parts.jobs

    # ----- building -----

    def _build(self) -> None:
        self.banner = Banner()
        live = LiveTimeline()
        parts = PanelParts(self._parts.appearance, self.pins, live, self.file_tagging, self.training.session)
        self.docks = Docks(self, parts, above=self.banner)
        self.menus = Menus(self, self._deeds())
        self.menus.add_panels(self.docks.toggles)
        panels = (self.spectrogram, self.tags, self.files_panel)
        self.stage = Stage(self.session, self.file_tagging, live, panels, self)
        self.view = ViewSettings(self._parts.settings, self._parts.appearance, self.spectrogram, self.menus, self)
        self.input_menu = InputMenu(self.menus.input_menu, self.session, self._parts.devices)
        self.model_menu = ModelMenu(self.menus.model_menu, self.session, self.menus.actions["get_models"])
        self.toolbar = ToolBar(self.session, self._parts.appearance, self.menus.input_menu, self.menus.model_menu)
        self.addToolBar(self.toolbar)
        self.setStatusBar(StatusLine(self.session))
        self.complaints = Complaints(self.session, self._parts.devices, self.banner, self)
        self.training.connect_panel(self.docks.panel("training", TrainingPanel), self.session)

    @property
    def spectrogram(self) -> SpectrogramPanel:
        """The panel in the middle."""
        return self.docks.panel("spectrogram", SpectrogramPanel)

    @property
    def tags(self) -> TagsPanel:
        """The panel of classes."""
        return self.docks.panel("tags", TagsPanel)

    @property
    def files_panel(self) -> FilesPanel:
        """The panel of files."""
        return self.docks.panel("files", FilesPanel)

    def _deeds(self) -> dict[str, Callable[..., object]]:
        """What each entry of the menus does, by its name."""
        return {
            "open_files": lambda: self.add_files(file_dialogs.ask_files(self)),
            "open_folder": self._open_folder,
            "cancel_files": self.file_tagging.cancel_all,
            "clear_files": self.file_tagging.clear,
            "quit": self.close,
            "freeze": lambda frozen: self.spectrogram.set_frozen(frozen),
            "go_live": self._go_live,
            "zoom_in": lambda: self.spectrogram.zoom(0.5),
            "zoom_out": lambda: self.spectrogram.zoom(2.0),
            "zoom_in_frequency": lambda: self.spectrogram.plot.zoom_frequency(0.5),
            "zoom_out_frequency": lambda: self.spectrogram.plot.zoom_frequency(2.0),
            "span": lambda span: self.view.set_span(span),
            "colour_map": lambda name: self.view.set_colour_map(name),
            "theme": lambda choice: self.view.set_theme(choice),
            "range": lambda: self.view.ask_range(),
            "find": self._find,
            "full_screen": self._set_full_screen,
            "toggle": self.session.toggle,
            "refresh_inputs": self._parts.devices.refresh,
            **self.models.deeds(),
            **self.training.actions(),
            "keys": lambda: KeysDialog((*key_lines(self.menus.actions), *KEYS_IN_PICTURE), self).show(),
            "log_folder": self._open_log_folder,
            "about": lambda: QMessageBox.about(self, "About Soundmark", ABOUT),
        }

    def _connect(self) -> None:
        self.input_menu.chosen.connect(self._choose_input)
        self.models.connect_menu(self.model_menu)
        self.models.complained.connect(self.complaints.complain)
        self.dropped.connect(self._on_dropped)
        self.files_panel.open_wanted.connect(self.menus.actions["open_files"].trigger)
        self.file_tagging.scan_failed.connect(self.complaints.complain)
        self.file_tagging.counts_changed.connect(self._refresh_actions)
        self.file_tagging.busy_changed.connect(self._refresh_actions)
        self.session.state_changed.connect(self._refresh_actions)
        self.session.state_changed.connect(self._remember)
        self.training.changed.connect(self._refresh_actions)
        self.training.failed.connect(self.complaints.complain)
        self.training.panel_wanted.connect(lambda: self.docks.bring("training"))
        self.training.models_changed.connect(self._list_trained)
        self.stage.timeline_changed.connect(self._refresh_actions)
        self._parts.settings.write_failed.connect(self.complaints.note)
        self.complaints.inputs_wanted.connect(self.toolbar.input_button.showMenu)
        self._parts.appearance.changed.connect(self._apply_theme)

    def _restore(self) -> None:
        settings = self._parts.settings
        if not self.restoreGeometry(settings.geometry):
            self.resize(1180, 760)
        self.restoreState(settings.state)
        self.docks.restore(settings.dock_shares)
        self.view.restore()
        self._list_trained()
        self._refresh_actions()

    def begin(self, input_choice: InputChoice | None = None, files: Sequence[Path] = ()) -> None:
        """Start listening, unless it was stopped when the window closed last; load the model, and look for inputs.

        All of it happens in the background. input_choice: listen to this one, whatever was so last time.
        """
        if not files:
            self.docks.save_room()
        if input_choice is not None:
            self.session.choose_input(input_choice)
        elif self._parts.settings.listens:
            self.session.start()
        self.session.load_model_after_input(self._parts.settings.model)
        self.models.fetching.refresh()
        self._parts.devices.refresh()
        self.add_files(files)
        self._parts.settings.flush()

    # ----- deeds -----

    def add_files(self, paths: Sequence[Path]) -> None:
        """Tag files and folders."""
        if paths:
            self.docks.bring("files")
            if not self.files.rows:
                self.docks.make_room_for_files()
            self.file_tagging.add_paths(list(paths))

    @Slot(object)
    def _on_dropped(self, drop: Drop) -> None:
        if drop.refused:
            self.complaints.complain(
                UserError("Only files on this computer can be tagged.", "Download the file first, then drop it here.")
            )
        self.add_files(drop.paths)

    def _open_folder(self) -> None:
        folder = file_dialogs.ask_folder(self, "Tag a folder")
        self.add_files([folder] if folder is not None else [])

    def _open_log_folder(self) -> None:
        try:
            open_log_folder()
        except UserError as error:
            self.complaints.complain(error)

    @Slot(object)
    def _choose_input(self, choice: InputChoice) -> None:
        self._chosen_input = choice
        self.session.choose_input(choice)

    @Slot()
    def _list_trained(self) -> None:
        self.model_menu.set_trained(self._parts.settings.trained_models)

    @Slot()
    def _remember(self) -> None:
        """A choice is kept for the next run once it works."""
        session, settings = self.session, self._parts.settings
        if session.is_listening and session.input == self._chosen_input:
            settings.input = session.input
        if session.tagger is not None:
            settings.model = session.model

    @Slot(bool)
    def _set_full_screen(self, full: bool) -> None:
        """By a flag, so that a maximised window is maximised again afterwards."""
        others = self.windowState() & ~Qt.WindowState.WindowFullScreen
        self.setWindowState(others | Qt.WindowState.WindowFullScreen if full else others)

    def _find(self) -> None:
        self.docks.bring("tags")
        self.tags.go_to_search()

    def _go_live(self) -> None:
        self.stage.show_live()
        self.spectrogram.set_frozen(False)

    @Slot()
    def _refresh_actions(self) -> None:
        """Menus as things are now."""
        actions, session = self.menus.actions, self.session
        active = session.is_listening or session.is_opening
        actions["toggle"].setText("&Stop listening" if active else "&Start listening")
        actions["cancel_files"].setEnabled(self.file_tagging.is_busy)
        actions["clear_files"].setEnabled(bool(self.files.rows))
        self.training.refresh_actions(actions)
        check(self.menus.span_group, f"{self.spectrogram.timeline.view.span_s:g}")
        for name, is_so in (("freeze", self.spectrogram.is_frozen), ("full_screen", self.isFullScreen())):
            with QSignalBlocker(actions[name]):
                actions[name].setChecked(is_so)

    @Slot()
    def _apply_theme(self) -> None:
        self.overlay.apply_theme(self._parts.appearance.theme)

    # ----- events -----

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no focused control wanted move about in the picture."""
        if event.key() not in PICTURE_KEYS or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        {
            Qt.Key.Key_Left: lambda: self.spectrogram.step_cursor(-1),
            Qt.Key.Key_Right: lambda: self.spectrogram.step_cursor(1),
            Qt.Key.Key_PageUp: lambda: self.spectrogram.page(-1),
            Qt.Key.Key_PageDown: lambda: self.spectrogram.page(1),
            Qt.Key.Key_Home: self.spectrogram.go_to_start,
            Qt.Key.Key_End: self.spectrogram.go_to_end,
        }[Qt.Key(event.key())]()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.session.set_visible(not self.isMinimized())
            self._refresh_actions()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save and let go; whoever owns the threads waits for them, a moment, after the window is gone."""
        if not self.training.may_close():
            event.ignore()
            return
        settings = self._parts.settings
        settings.geometry, settings.state = self.saveGeometry(), self.saveState()
        settings.dock_shares, settings.listens = self.docks.shares, self.session.is_wanted
        settings.flush()
        self._parts.devices.stop()
        self.session.stop()
        self.file_tagging.cancel_all()
        self.models.end()
        self.training.end()
        event.accept()
