"""The menu bar: every action of the window with its key. Does nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from app.runtime.settings import SPANS_S
from app.spectrogram.colour_maps import COLOUR_MAPS
from app.style.appearance import THEME_CHOICES


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu. name: how the code finds the action and what it does; keys: its shortcuts."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False


SEPARATOR = Entry("", "")
FILE = (
    Entry("open_files", "&Open files…", ("Ctrl+O",), "Choose sound or video files to tag"),
    Entry("open_folder", "Open &folder…", ("Ctrl+Shift+O",), "Tag every sound and video file in a folder"),
    SEPARATOR,
    Entry("cancel_files", "&Cancel tagging", ("Esc",), "Stop tagging every file"),
    Entry("clear_files", "C&lear list", (), "Take every file off the list"),
    SEPARATOR,
    Entry("quit", "&Quit", ("Ctrl+Q",), "Close Soundmark"),
)
VIEW = (
    Entry("freeze", "&Freeze", ("F",), "Hold the picture; listening goes on", checkable=True),
    Entry("go_live", "Back to &live", (), "Show the live sound, newest at the right"),
    SEPARATOR,
    Entry("zoom_in", "Zoom &in", ("+", "="), "Show less time"),
    Entry("zoom_out", "Zoom &out", ("-",), "Show more time"),
    Entry("zoom_in_frequency", "Zoom i&n (frequency)", ("Ctrl++", "Ctrl+="), "Show fewer frequencies"),
    Entry("zoom_out_frequency", "Zoom out (fr&equency)", ("Ctrl+-",), "Show more frequencies"),
)
VIEW_REST = (
    Entry("range", "&Range…", (), "Choose the levels that are darkest and brightest"),
    Entry("find", "Find a &class", ("Ctrl+F",), "Search the classes of the model"),
)
FULL_SCREEN = Entry("full_screen", "F&ull screen", ("F11",), "Fill the screen, and back", checkable=True)
LISTEN = (
    Entry("toggle", "&Start listening", ("Ctrl+R",), "Start or stop listening"),
    Entry("refresh_inputs", "&Refresh inputs", ("F5",), "Look for microphones again"),
)
MODEL = (Entry("get_models", "&Get models…", ("Ctrl+G",), "Fetch published models, or import your own"),)
TRAIN = (
    Entry("new_training", "&New training…", ("Ctrl+N",), "Train a model on your own clips"),
    Entry("resume_training", "&Resume a training…", (), "Go on with a run that was stopped or broke off"),
    Entry("open_results", "&Open results…", (), "Show the confusion matrix and the mistakes of a finished run"),
    SEPARATOR,
    Entry("pause_training", "&Pause the training", (), "Let the run wait, or go on with it"),
    Entry("stop_training", "&Stop the training", (), "Save the run and end it; it can go on later"),
)
HELP = (
    Entry("keys", "&Keys", ("F1",), "What every key does"),
    Entry("log_folder", "&Log folder", (), "Open the folder with the log files"),
    SEPARATOR,
    Entry("about", "&About Soundmark", (), "Version and licence"),
)


class Menus:
    """Builds the menu bar of a window. `deeds` maps an entry's name to what it does."""

    def __init__(self, window: QMainWindow, deeds: dict[str, Callable[..., object]]) -> None:
        self._window, self._deeds = window, deeds
        self.actions: dict[str, QAction] = {}
        bar = window.menuBar()
        self._add(bar.addMenu("&File"), FILE)
        self.view = bar.addMenu("&View")
        self._add(self.view, VIEW)
        self.span_group = self._choices("Time &span", [(str(span), f"{span} seconds") for span in SPANS_S], "span")
        self.colour_group = self._choices("Colour &map", list(COLOUR_MAPS.items()), "colour_map")
        self._add(self.view, VIEW_REST)
        self.theme_group = self._choices("&Theme", list(THEME_CHOICES.items()), "theme")
        self.view.addSeparator()
        self.listen = bar.addMenu("&Listen")
        self._add(self.listen, LISTEN[:1])
        self.input_menu = self.listen.addMenu("&Input")
        self._add(self.listen, LISTEN[1:])
        self.model_menu = bar.addMenu("&Model")
        self._add(self.model_menu, MODEL)
        self._add(bar.addMenu("&Train"), TRAIN)
        self._add(bar.addMenu("&Help"), HELP)
        for menu in bar.findChildren(QMenu):
            menu.setToolTipsVisible(True)

    def add_panels(self, toggles: list[QAction]) -> None:
        """The panels that can be hidden, and full screen after them."""
        for action in toggles:
            action.setToolTip(f"Show or hide the panel “{action.text()}”")
            self.view.addAction(action)
        self.view.addSeparator()
        self._add(self.view, (FULL_SCREEN,))

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
        deed = self._deeds[entry.name]
        (action.toggled if entry.checkable else action.triggered).connect(deed)
        if entry.name == "quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        if entry.name == "about":
            action.setMenuRole(QAction.MenuRole.AboutRole)
        self.actions[entry.name] = action
        return action

    def _choices(self, title: str, rows: list[tuple[str, str]], deed: str) -> QActionGroup:
        """A submenu of which one line is checked; the deed gets its name."""
        menu, group = self.view.addMenu(title), QActionGroup(self._window)
        for name, text in rows:
            action = QAction(text, self._window, checkable=True)
            action.setData(name)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: self._deeds[deed](action.data()))
        return group


def check(group: QActionGroup, name: str) -> None:
    """Check the line called `name`, or none when there is no such line."""
    for action in group.actions():
        action.setChecked(action.data() == name)


def key_lines(actions: dict[str, QAction]) -> list[tuple[str, str]]:
    """`(keys, what they do)` of every action that has keys."""
    native = QKeySequence.SequenceFormat.NativeText
    return [
        (" or ".join(keys.toString(native) for keys in action.shortcuts()), action.toolTip())
        for action in actions.values()
        if action.shortcuts()
    ]


KEYS_IN_PICTURE = (
    ("← →", "Look at the window before or after"),
    ("Page Up, Page Down", "Scroll by one width of the picture"),
    ("Home, End", "Oldest sound, newest sound or back to live"),
    ("Mouse wheel", "Zoom in time"),
    ("Ctrl+mouse wheel", "Zoom in frequency"),
    ("Space", "Pin or unpin the selected class"),
    ("Del", "Cancel or remove the selected file"),
    ("Tab", "Go to the next control"),
)
PICTURE_KEYS = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
}
