"""A window that takes files dropped on it, and prints the path of each as a line of JSON.

    python tests/rig/drop_target.py TITLE              needs DISPLAY

It stands in for the file manager, or the editor, that somebody drags a sound to. It lives until it is ended.
"""

from __future__ import annotations

import json
import sys

from PySide6 import QtCore, QtGui, QtWidgets

SIDE = 160


class DropTarget(QtWidgets.QLabel):
    """Stands in a corner above all other windows, so that nothing covers it."""

    def __init__(self, title: str) -> None:
        super().__init__("drop here")
        self.setWindowTitle(title)
        self.setWindowFlags(QtCore.Qt.WindowType.WindowStaysOnTopHint)
        self.setAcceptDrops(True)
        self.setGeometry(20, 60, SIDE, SIDE)

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            print(json.dumps("entered"), flush=True)

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            print(json.dumps({"dropped": url.toLocalFile()}), flush=True)


def main(title: str) -> int:
    app = QtWidgets.QApplication(["drop_target"])
    target = DropTarget(title)
    target.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
