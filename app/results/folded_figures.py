"""A heading with the figures that matter first; a button beside it unfolds the others. Knows no report."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.style.plain_text import PlainLabel
from app.widgets.dialog_parts import push_button


@dataclass(frozen=True, slots=True)
class FigureText:
    """words: the figures in a line; tip: what each of them says."""

    words: str
    tip: str


class FoldedFigures(QWidget):
    """first: always there, in bold. further: hidden until somebody asks; "" words leave the button out."""

    def __init__(self, first: FigureText, further: FigureText) -> None:
        super().__init__()
        self.first = _label(first, "Heading")
        self.further = _label(further, "Muted")
        self.further.hide()
        self.button: QPushButton = push_button("More figures", "Show the other figures of this evaluation")
        self.button.setObjectName("Pill")
        self.button.setCheckable(True)
        self.button.setVisible(bool(further.words))
        self.button.toggled.connect(self._unfold)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.first, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.further)

    @Slot(bool)
    def _unfold(self, is_open: bool) -> None:
        self.further.setVisible(is_open)
        self.button.setText("Fewer figures" if is_open else "More figures")
        self.button.setAccessibleName(self.button.text())


def _label(text: FigureText, name: str) -> PlainLabel:
    label = PlainLabel(text.words)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setToolTip(text.tip)
    return label
