"""A program that drags files onto another program's window, with the real pointer and the XDND protocol.

    python tests/rig/drag_source.py TITLE FILE...      needs DISPLAY; TITLE is part of the target's title

A small window offers the files as a file manager would; xdotool presses on it, moves onto the middle of the
target in steps and lets go once the target shows that it would take them, as a person does, or after a few seconds.
Exit code: 0 the target took them, 1 it refused, 2 it could not be tried.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

SIDE = 48
STEPS = 20
TAKEN, REFUSED, UNTRIED = 0, 1, 2
GIVE_UP_S = 60
# A target that is busy answers late; one that has not answered by the time of letting go gets nothing.
ANSWER_S = 60


def run(*words: str) -> str:
    """The output of an X client."""
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout


def middle_of(title: str) -> tuple[int, int]:
    """Screen coordinates of the middle of the window whose title holds `title`, brought to the front."""
    rows = [line.split(None, 3) for line in run("wmctrl", "-l").splitlines()]
    windows = [row[0] for row in rows if len(row) == 4 and title in row[3]]
    if not windows:
        sys.exit(UNTRIED)
    run("xdotool", "windowactivate", "--sync", windows[0])
    # xdotool's own answer is off by the frame under a window manager that adds one.
    text = run("xwininfo", "-id", windows[0])
    x, y, width, height = (
        int(re.findall(rf"{name}:\s+(-?\d+)", text)[0])
        for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
    )
    return x + width // 2, y + height // 2


class DragSource(QtWidgets.QLabel):
    """The window that is dragged from: the first movement with the button held starts the drag."""

    def __init__(self, files: list[Path], at: QtCore.QPoint) -> None:
        super().__init__("drag")
        flags = QtCore.Qt.WindowType
        self.setWindowFlags(flags.X11BypassWindowManagerHint | flags.WindowStaysOnTopHint | flags.Tool)
        self.setGeometry(at.x(), at.y(), SIDE, SIDE)
        self._files = files
        self.outcome: int | None = None
        self.is_welcome = threading.Event()

    def mouseMoveEvent(self, ev: QtGui.QMouseEvent) -> None:
        if self.outcome is not None:
            return
        self.outcome = REFUSED
        mime = QtCore.QMimeData()
        mime.setUrls([QtCore.QUrl.fromLocalFile(str(path.resolve())) for path in self._files])
        drag = QtGui.QDrag(self)
        drag.setMimeData(mime)
        drag.actionChanged.connect(self._on_answer)
        # exec() returns once the drop is sent, yet the target still has to fetch the files from us: Qt deletes
        # the drag when the target says it is done. A source that leaves before that gives an empty drop.
        drag.destroyed.connect(QtWidgets.QApplication.quit)
        if drag.exec(QtCore.Qt.DropAction.CopyAction) == QtCore.Qt.DropAction.IgnoreAction:
            QtWidgets.QApplication.quit()
        else:
            self.outcome = TAKEN

    def _on_answer(self, action: QtCore.Qt.DropAction) -> None:
        if action != QtCore.Qt.DropAction.IgnoreAction:
            self.is_welcome.set()


def move_hand(start: tuple[int, int], end: tuple[int, int], is_welcome: threading.Event) -> None:
    """Press at `start`, go to `end` in about half a second (a jump may skip the target's enter), let go in time."""
    time.sleep(0.2)
    run("xdotool", "mousemove", str(start[0]), str(start[1]), "sleep", "0.05", "mousedown", "1", "sleep", "0.05")
    for step in range(1, STEPS + 1):
        x, y = (a + (b - a) * step // STEPS for a, b in zip(start, end, strict=True))
        run("xdotool", "mousemove", str(x), str(y), "sleep", "0.02")
    is_welcome.wait(ANSWER_S)
    # A last movement, for targets that answer each; then the release.
    run("xdotool", "mousemove", str(end[0] + 2), str(end[1]), "sleep", "0.2", "mouseup", "1")
    time.sleep(GIVE_UP_S)
    os._exit(UNTRIED)


def main(title: str, *files: str) -> int:
    """Drag `files` onto the window titled `title`; one of the three exit codes."""
    end = middle_of(title)
    app = QtWidgets.QApplication(["drag_source"])
    screen = app.primaryScreen().geometry()
    # The corner farthest from the target, so as not to cover it.
    corner = QtCore.QPoint(
        0 if end[0] > screen.width() // 2 else screen.width() - SIDE,
        0 if end[1] > screen.height() // 2 else screen.height() - SIDE,
    )
    source = DragSource([Path(name) for name in files], corner)
    source.show()
    source.raise_()
    start = (corner.x() + SIDE // 2, corner.y() + SIDE // 2)
    threading.Thread(target=move_hand, args=(start, end, source.is_welcome), daemon=True).start()
    app.exec()
    return UNTRIED if source.outcome is None else source.outcome


if __name__ == "__main__":
    outcome = main(*sys.argv[1:])
    # The thread of the hand still sleeps: leave without waiting for it.
    os._exit(outcome)
