"""A heading with the main metrics, and a button that shows the other metrics."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.style.plain_text import PlainLabel
from app.widgets.dialog_parts import push_button


@dataclass(frozen=True, slots=True)
class MetricText:
    """Metrics as a line of text, and a tooltip that explains each of them."""

    text: str
    tip: str


class MetricsHeading(QWidget):
    """first: always visible, in bold. further: hidden until the button is pressed; without text there is no button."""

    def __init__(self, first: MetricText, further: MetricText) -> None:
        super().__init__()
        self.first = _label(first, "Heading")
        self.further = _label(further, "Muted")
        self.further.hide()
        self.button: QPushButton = push_button("More metrics", "Show the other metrics of this evaluation")
        self.button.setObjectName("Pill")
        self.button.setCheckable(True)
        self.button.setVisible(bool(further.text))
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
        self.button.setText("Fewer metrics" if is_open else "More metrics")
        self.button.setAccessibleName(self.button.text())


def _label(text: MetricText, name: str) -> PlainLabel:
    label = PlainLabel(text.text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setToolTip(text.tip)
    return label
