"""The main window: puts toolbar, panels, menus and status bar together and connects each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QMessageBox

from app.docks import Docks
from app.events.collector import EventCollector
from app.events.controller import EventsController
from app.events.of_file.controls import FileControls
from app.events.panel import EventsPanel
from app.files.keeping import ListKeeping
from app.files.kept_list import KeptList
from app.files.panel import FilesPanel
from app.files.table_model import FilesModel
from app.files.tagging_queue import TaggingQueue
from app.live.input_devices import InputDevices
from app.live.input_menu import InputMenu
from app.live.session import LiveSession
from app.menus import SPECTROGRAM_SHORTCUTS, Menus, check, shortcut_lines
from app.models.controller import ModelsController
from app.models.menu import ModelMenu
from app.notifications import Notifications
from app.panels import PanelParts
from app.presenter import Presenter
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.context import WindowParts
from app.sound_controls import SoundControls
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.panel import SpectrogramPanel
from app.status_bar import StatusBar
from app.tags.muted import MutedClasses
from app.tags.panel import TagsPanel
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from app.toolbar import ToolBar
from app.training.controller import TrainingController
from app.training.panel import TrainingPanel
from app.view_settings import ViewSettings, view_actions
from app.widgets import file_dialogs
from app.widgets.banner import Banner
from app.widgets.drop_target import Drop, DropWindow
from app.widgets.icons import application_icon
from app.widgets.shortcuts_dialog import ShortcutsDialog
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.version import NAME, version

LAYOUT = 1
"""Counts the first layouts: a place that a panel had in an older one is forgotten."""
ABOUT = (
    f"<b>{NAME} {escape(version())}</b><p>Tags audio live and in files, with published models or models you "
    "train yourself. No sound leaves this computer.</p><p>Apache License 2.0</p>"
)


class MainWindow(DropWindow):
    """Shows what is heard now, what was heard, and whether everything works."""

    def __init__(self, parts: WindowParts, devices: InputDevices) -> None:
        super().__init__(parts.appearance.theme)
        self.setObjectName("MainWindow")
        self.setWindowTitle("Soundmark")
        self.setWindowIcon(application_icon())
        self._parts, self._devices = parts, devices
        self.sound = SoundControls(self, parts)
        self.session = LiveSession(parts.core, parts.jobs, self, self.sound.kept.sound)
        self.session.input = parts.settings.input
        self.file_tagging = TaggingQueue(parts.core, self)
        self.keeping = ListKeeping(lambda: KeptList(parts.file_list), self.file_tagging, self)
        self.pins = Pins(parts.settings, self)
        self._chosen_input: InputChoice | None = None
        self.training = TrainingController(self, parts)
        self.models = ModelsController(self, parts, self.session)
        self._build()
        self._connect()
        self._restore()

    @property
    def files(self) -> FilesModel:
        """The list of files."""
        return self.file_tagging.model

    @property
    def jobs(self) -> BackgroundJobs:
        """Short jobs on pool threads."""
        return self._parts.jobs

    # ----- building -----

    def _build(self) -> None:
        self.banner = Banner()
        live, parents = LiveTimeline(), ShownParents(self._parts.settings, self)
        muted = MutedClasses(self._parts.settings, self)
        self.collector = EventCollector(self._parts.core.open_events, live, parents, muted, self)
        parts = PanelParts(
            appearance=self._parts.appearance,
            pins=self.pins,
            parents=parents,
            muted=muted,
            live=live,
            files=self.file_tagging,
            events=self.collector,
            training=self.training.session,
        )
        self.docks = Docks(self, parts, above=self.banner)
        panels = (self.spectrogram, self.tags, self.files_panel)
        self.presenter = Presenter(self.session, self.file_tagging, live, panels, self)
        self.sound.connect_picture(self.session, self.presenter, live)
        self.menus = Menus(self, self._actions())
        self.menus.add_panels(self.docks.toggles)
        events_panel = self.docks.panel("events", EventsPanel)
        self.events = EventsController(self.collector, events_panel, self.presenter.navigation)
        self.events.follow(self.session)
        self.file_controls = FileControls(self.files_panel, self.file_tagging, self.keeping, parents, self._parts)
        self.file_controls.connect_picture(self.presenter.navigation, self.sound.playback)
        self.sound.connect_events(self.collector, events_panel)
        self.view = ViewSettings(self._parts, self.spectrogram, self.presenter.navigation, self.menus, self)
        self.input_menu = InputMenu(self.menus.input_menu, self.session, self._devices)
        self.model_menu = ModelMenu(self.menus.model_menu, self.session, self.menus.actions["download_models"])
        self.toolbar = ToolBar(self.session, self._parts.appearance, self.menus.input_menu, self.menus.model_menu)
        self.addToolBar(self.toolbar)
        self.sound.connect_panels(self.spectrogram, self.toolbar, self.file_tagging)
        self.sound.connect_menus(
            self.menus.actions, self.menus.selection_menu, self.menus.selection_models, self.model_menu
        )
        self.setStatusBar(StatusBar(self.session))
        self.notifications = Notifications(self.session, self._devices, self.banner, self)
        self.training.connect_panel(self.docks.panel("training", TrainingPanel), self.session)

    @property
    def spectrogram(self) -> SpectrogramPanel:
        """The spectrogram panel, in the middle."""
        return self.docks.panel("spectrogram", SpectrogramPanel)

    @property
    def tags(self) -> TagsPanel:
        """The tags panel."""
        return self.docks.panel("tags", TagsPanel)

    @property
    def files_panel(self) -> FilesPanel:
        """The files panel."""
        return self.docks.panel("files", FilesPanel)

    def _actions(self) -> dict[str, Callable[..., object]]:
        """What each menu entry does, by its name."""
        return {
            "open_files": lambda: self.add_files(file_dialogs.ask_files(self)),
            "open_folder": lambda: self.add_files(file_dialogs.ask_folder_to_tag(self)),
            "cancel_files": self.file_tagging.cancel_all,
            "clear_files": self.file_tagging.clear,
            "quit": self.close,
            "freeze": lambda frozen: self.presenter.navigation.set_frozen(frozen),
            "go_live": lambda: self.presenter.go_live(),
            "zoom_in": lambda: self.presenter.navigation.zoom(0.5),
            "zoom_out": lambda: self.presenter.navigation.zoom(2.0),
            "zoom_in_frequency": lambda: self.spectrogram.plot.zoom_frequency(0.5),
            "zoom_out_frequency": lambda: self.spectrogram.plot.zoom_frequency(2.0),
            **view_actions(lambda: self.view),
            "reset_layout": lambda: self.docks.reset(),
            "find": self._find,
            "toggle": self.session.toggle,
            "refresh_inputs": self._devices.refresh,
            **self.sound.actions(),
            **self.models.actions(),
            **self.training.actions(),
            "keys": lambda: ShortcutsDialog((*shortcut_lines(self.menus.actions), *SPECTROGRAM_SHORTCUTS), self).show(),
            "log_folder": lambda: self.notifications.open_log_folder(),
            "about": lambda: QMessageBox.about(self, "About Soundmark", ABOUT),
        }

    def _connect(self) -> None:
        self.input_menu.chosen.connect(self._choose_input)
        files = self.file_tagging
        for said in (self.sound.noticed, self.keeping.noticed, self.collector.noticed, files.files_left_out):
            said.connect(self.notifications.queue_notice)
        for part in (self.sound, self.file_controls):
            part.done.connect(self.notifications.queue_done)
        self.sound.files_wanted.connect(lambda: self.docks.raise_dock("files"))
        self.models.connect_menu(self.model_menu)
        self.dropped.connect(self._on_dropped)
        self.files_panel.open_wanted.connect(self.menus.actions["open_files"].trigger)
        self.session.state_changed.connect(self._remember)
        self.training.panel_wanted.connect(lambda: self.docks.raise_dock("training"))
        self.training.models_changed.connect(self._list_trained)
        files.scan_failed.connect(self.notifications.show_error)
        for part in (self.models, self.sound, self.training, self.file_controls):
            part.failed.connect(self.notifications.show_error)
        states = files.counts_changed, files.busy_changed, self.session.state_changed, self.training.changed
        for changed in states:
            changed.connect(self._refresh_actions)
        self.presenter.timeline_changed.connect(self._refresh_actions)
        for box_lists in (self.events, self.file_controls):
            self.spectrogram.plot.box_clicked.connect(box_lists.choose)
        self.events.panel_wanted.connect(lambda: self.docks.raise_dock("events"))
        for failed in (self._parts.settings.write_failed, self.keeping.failed, self.events.failed):
            failed.connect(self.notifications.queue_error)
        self.notifications.inputs_wanted.connect(self.toolbar.input_button.showMenu)
        self._parts.appearance.changed.connect(lambda: self.overlay.apply_theme(self._parts.appearance.theme))
        self.sound.kept.deletions.append(self.keeping.delete_stored)

    def _restore(self) -> None:
        settings = self._parts.settings
        if not self.restoreGeometry(settings.geometry):
            self.resize(1180, 760)
        self.restoreState(settings.state, LAYOUT)
        self.docks.restore(settings.dock_shares)
        self.view.restore()
        self._list_trained()
        self._refresh_actions()

    def begin(self, input_choice: InputChoice | None = None, files: Sequence[Path] = ()) -> None:
        """Load the model, list the inputs, and start listening unless listening was off when the window last closed.

        All of it happens in the background. input_choice: listen to this one, whatever the settings say.
        """
        if input_choice is not None:
            self.session.choose_input(input_choice)
        elif self._parts.settings.listens:
            self.session.start()
        self.session.load_model_after_input(self._parts.settings.model)
        self.models.downloads.refresh()
        self._devices.refresh()
        # Files that are in the list already are recognised.
        self.keeping.restore(lambda: self.add_files(files))
        self._parts.settings.flush()

    # ----- actions -----

    def add_files(self, paths: Sequence[Path]) -> None:
        """Tag files and folders."""
        if paths:
            self.docks.raise_dock("files")
            self.file_tagging.add_paths(list(paths))

    @Slot(object)
    def _on_dropped(self, drop: Drop) -> None:
        if drop.refused:
            self.notifications.show_error(
                UserError("Only files on this computer can be tagged.", "Download the file first, then drop it here.")
            )
        self.add_files(drop.paths)

    @Slot(object)
    def _choose_input(self, choice: InputChoice) -> None:
        self._chosen_input = choice
        self.session.choose_input(choice)

    @Slot()
    def _list_trained(self) -> None:
        self.model_menu.set_trained(self._parts.settings.trained_models)

    @Slot()
    def _remember(self) -> None:
        """Remember a choice for the next start once it works."""
        session, settings = self.session, self._parts.settings
        if session.is_listening and session.input == self._chosen_input:
            settings.input = session.input
        if session.tagger is not None:
            settings.model = session.model

    def _find(self) -> None:
        self.docks.raise_dock("tags")
        self.tags.go_to_search()

    @Slot()
    def _refresh_actions(self) -> None:
        """Update texts, check marks and enabled states of the menus."""
        actions, session = self.menus.actions, self.session
        active = session.is_listening or session.is_opening
        actions["toggle"].setText("&Stop listening" if active else "&Start listening")
        actions["cancel_files"].setEnabled(self.file_tagging.is_busy)
        actions["clear_files"].setEnabled(bool(self.files.rows))
        self.training.refresh_actions(actions)
        check(self.menus.span_group, f"{self.presenter.timeline.view.span_s:g}")
        for name, is_so in (("freeze", self.presenter.navigation.is_frozen), ("full_screen", self.isFullScreen())):
            with QSignalBlocker(actions[name]):
                actions[name].setChecked(is_so)

    # ----- events -----

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no focused control used move the view of the spectrogram."""
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        is_used = is_plain and self.presenter.navigation.press(Qt.Key(event.key()))
        if not is_used and not self.sound.stretches.press(event.key(), event.modifiers()):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.session.set_visible(not self.isMinimized())
            self._refresh_actions()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the settings and stop everything; `application.run` waits briefly for the threads afterwards."""
        if not self.training.may_close():
            event.ignore()
            return
        settings = self._parts.settings
        settings.geometry, settings.state = self.saveGeometry(), self.saveState(LAYOUT)
        settings.dock_shares, settings.listens = self.docks.shares, self.session.is_wanted
        settings.flush()
        self._devices.stop()
        self.session.stop()
        # Before the last clips are cut: those of events that lasted until now are among them.
        self.collector.end_open()
        self.keeping.finish()
        self.file_tagging.cancel_all()
        self.sound.end()
        self.models.end()
        self.training.end()
        event.accept()
