"""Lists every keyboard shortcut in a dialog."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.widgets.dialog_parts import resize_to_fit

_SCROLL_BAR_PX = 14


class ShortcutsDialog(QDialog):
    """Lists `(keys, what they do)`; where the screen is too low for all of them, they scroll."""

    def __init__(self, lines: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        cells = "".join(
            f'<tr><td style="padding:2px 22px 2px 0"><b>{escape(keys)}</b></td>'
            f'<td style="padding:2px 0">{escape(words)}</td></tr>'
            for keys, words in lines
        )
        table = QLabel(f"<table>{cells}</table>")
        table.setAccessibleName("Keyboard shortcuts")
        table.setToolTip("Every keyboard shortcut and what it does")
        buttons = QDialogButtonBox()
        close = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        close.setToolTip("Close this dialog (Esc)")
        close.setAccessibleName("Close")
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 12)
        self.scrolled = QScrollArea()
        self.scrolled.setFrameShape(QFrame.Shape.NoFrame)
        self.scrolled.setWidget(table)
        layout.addWidget(self.scrolled)
        layout.addWidget(buttons)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        around = self.sizeHint() - self.scrolled.sizeHint() + QSize(_SCROLL_BAR_PX, 0)
        resize_to_fit(self, table.sizeHint() + around)
