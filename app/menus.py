"""Builds the menu bar: every action of the window with its shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from app.runtime.settings import COLOUR_MAPS, FREQUENCY_SCALES, HISTORY_MINUTES, SPANS_S, TEXT_SIZES
from app.style.appearance import THEME_CHOICES


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu. name: the key of the action and of its callback; keys: its shortcuts."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False


SEPARATOR = Entry("", "")
FILE = (
    Entry("open_files", "&Open files…", ("Ctrl+O",), "Choose audio or video files to tag"),
    Entry("open_folder", "Open &folder…", ("Ctrl+Shift+O",), "Tag every audio and video file in a folder"),
    SEPARATOR,
    Entry("cancel_files", "&Cancel tagging", ("Esc",), "Stop tagging all files"),
    Entry("clear_files", "C&lear list", (), "Remove all files from the list"),
    SEPARATOR,
    Entry("quit", "&Quit", ("Ctrl+Q",), "Close Soundmark"),
)
VIEW = (
    Entry("freeze", "&Freeze", ("F",), "Hold the display; listening continues", checkable=True),
    Entry("go_live", "Back to &live", (), "Show the live sound, newest on the right"),
    SEPARATOR,
    Entry("zoom_in", "Zoom &in", ("+", "="), "Show less time"),
    Entry("zoom_out", "Zoom &out", ("-",), "Show more time"),
    Entry("show_all", "Sho&w all", ("0",), "Show all of the file, or of the live sound"),
    Entry("zoom_in_frequency", "Zoom i&n (frequency)", ("Ctrl++", "Ctrl+="), "Show fewer frequencies"),
    Entry("zoom_out_frequency", "Zoom out (fr&equency)", ("Ctrl+-",), "Show more frequencies"),
)
VIEW_REST = (
    Entry("boxes", "&Events on the picture", (), "Show what was heard as boxes on the picture", checkable=True),
    Entry("range", "Level &range…", (), "Choose the levels shown darkest and brightest"),
    Entry("find", "Find a &class", ("Ctrl+F",), "Search the model's classes"),
)
RESET_LAYOUT = Entry("reset_layout", "R&eset layout", (), "Put every panel back to its first place and size")
FULL_SCREEN = Entry("full_screen", "F&ull screen", ("F11",), "Turn full screen on or off", checkable=True)
LISTEN = (
    Entry("toggle", "&Start listening", ("Ctrl+R",), "Start or stop listening"),
    Entry("refresh_inputs", "&Refresh inputs", ("F5",), "Search for microphones again"),
    SEPARATOR,
    Entry("record", "Record to &disk", ("Ctrl+Shift+R",), "Write what is heard to disk", checkable=True),
    Entry("sound_settings", "S&ound and disk…", ("Ctrl+,",), "Choose what is kept and recorded, and see what it takes"),
    Entry("delete_kept", "D&elete everything that was kept…", (), "Delete kept sound, recordings, events and files"),
)
SELECTION = (
    Entry("play", "&Play\tSpace", (), "Play the selected stretch, or from the cursor on; or stop playing"),
    Entry("play_half", "Play at &half speed\tShift+Space", (), "Play it at half speed; it sounds an octave lower"),
    SEPARATOR,
    Entry("save_stretch", "&Save sound as…", ("Ctrl+S",), "Save the selected stretch as WAV or FLAC"),
    Entry("copy_stretch", "&Copy as a file", ("Ctrl+Shift+C",), "Copy the selected stretch as a WAV file, to paste it"),
)
SELECTION_REST = (
    Entry("add_clip", "&Add to a training set…", ("Ctrl+T",), "Write the selected stretch as a clip to learn from"),
    SEPARATOR,
    Entry("select_view", "Select what is in &view", ("Ctrl+Shift+A",), "Select all that the picture shows"),
    Entry("clear_stretch", "C&lear the selection", ("Shift+Esc",), "Select no stretch"),
)
MODEL = (Entry("download_models", "&Download models…", ("Ctrl+G",), "Download published models, or import your own"),)
TRAIN = (
    Entry("new_training", "&New training…", ("Ctrl+N",), "Train a model on your own clips"),
    Entry("resume_training", "&Resume a training…", (), "Resume a training that was stopped or interrupted"),
    Entry("open_results", "&Open results…", (), "Show a finished run's confusion matrix and mistakes"),
    SEPARATOR,
    Entry("pause_training", "&Pause the training", (), "Pause or resume the training"),
    Entry("stop_training", "&Stop the training", (), "Save and stop the training; you can resume it later"),
)
HELP = (
    Entry("keys", "&Keyboard shortcuts", ("F1",), "Show every keyboard shortcut"),
    Entry("log_folder", "&Log folder", (), "Open the folder with the log files"),
    SEPARATOR,
    Entry("about", "&About Soundmark", (), "Show version and licence"),
)


class Menus:
    """Builds the menu bar of a window. callbacks: what each entry does, by its name."""

    def __init__(self, window: QMainWindow, callbacks: dict[str, Callable[..., object]]) -> None:
        self._window, self._callbacks = window, callbacks
        self.actions: dict[str, QAction] = {}
        bar = window.menuBar()
        self._add(bar.addMenu("&File"), FILE)
        self.view = bar.addMenu("&View")
        self._add(self.view, VIEW)
        self.span_group = self._choices("Time &span", SPANS_S, "span")
        self.history_group = self._choices("&History", HISTORY_MINUTES, "history")
        self.scale_group = self._choices("Frequency s&cale", FREQUENCY_SCALES, "frequency_scale")
        self.colour_group = self._choices("Colour &map", COLOUR_MAPS, "colour_map")
        self._add(self.view, VIEW_REST)
        self.theme_group = self._choices("&Theme", THEME_CHOICES, "theme")
        self.text_size_group = self._choices("Te&xt size", TEXT_SIZES, "text_size")
        self.view.addSeparator()
        self.listen = bar.addMenu("&Listen")
        self._add(self.listen, LISTEN[:1])
        self.input_menu = self.listen.addMenu("&Input")
        self._add(self.listen, LISTEN[1:])
        self.selection_menu = bar.addMenu("&Selection")
        self._add(self.selection_menu, SELECTION)
        self.selection_models = self.selection_menu.addMenu("&Tag with another model")
        self._add(self.selection_menu, SELECTION_REST)
        self.model_menu = bar.addMenu("&Model")
        self._add(self.model_menu, MODEL)
        self._add(bar.addMenu("&Train"), TRAIN)
        self._add(bar.addMenu("&Help"), HELP)
        for menu in bar.findChildren(QMenu):
            menu.setToolTipsVisible(True)

    def add_panels(self, toggles: list[QAction]) -> None:
        """Add the panels that can be hidden, the way back to the first layout, and full screen."""
        for action in toggles:
            action.setToolTip(f"Show or hide the {action.text()} panel")
            self.view.addAction(action)
        self._add(self.view, (RESET_LAYOUT, SEPARATOR, FULL_SCREEN))

    def _add(self, menu: QMenu, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if entry is SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self._action(entry))

    def _action(self, entry: Entry) -> QAction:
        action = QAction(entry.text, self._window)
        action.setObjectName(entry.name)
        action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
        action.setToolTip(entry.tip)
        action.setStatusTip("")
        action.setCheckable(entry.checkable)
        callback = self._callbacks[entry.name]
        (action.toggled if entry.checkable else action.triggered).connect(callback)
        if entry.name == "quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        if entry.name == "about":
            action.setMenuRole(QAction.MenuRole.AboutRole)
        self.actions[entry.name] = action
        return action

    def _choices(self, title: str, rows: Mapping[Any, str], callback: str) -> QActionGroup:
        """A submenu with one checked line; the callback receives the name of the chosen one as text."""
        menu, group = self.view.addMenu(title), QActionGroup(self._window)
        for name, text in rows.items():
            action = QAction(text, self._window, checkable=True)
            action.setData(str(name))
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: self._callbacks[callback](action.data()))
        return group


def check(group: QActionGroup, name: str) -> None:
    """Check the line called `name`; no line if there is none."""
    for action in group.actions():
        action.setChecked(action.data() == name)


def shortcut_lines(actions: dict[str, QAction]) -> list[tuple[str, str]]:
    """`(keys, what they do)` of every action that has a shortcut."""
    native = QKeySequence.SequenceFormat.NativeText
    return [
        (" or ".join(keys.toString(native) for keys in action.shortcuts()), action.toolTip())
        for action in actions.values()
        if action.shortcuts()
    ]


SPECTROGRAM_SHORTCUTS = (
    ("← →", "Move the cursor to the previous or next window"),
    ("Page Up, Page Down", "Scroll by the width of the view"),
    ("Home, End", "Go to the oldest sound, or to the newest and back to live"),
    ("Mouse wheel", "Zoom the time axis"),
    ("Ctrl+mouse wheel", "Zoom the frequency axis"),
    ("Shift+drag, Shift+← →", "Select a stretch of the picture"),
    ("Drag in the selected stretch", "Drag it out of the window as a file"),
    ("Space, Shift+Space", "Play the selected stretch, or at half speed"),
    ("Space in the list of classes", "Pin or unpin the selected class"),
    ("Del", "Cancel or remove the selected file"),
    ("Tab", "Move to the next control"),
)
