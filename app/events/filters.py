"""The bar above the list of events: search, class, time, near misses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from app.style.plain_text import PlainLabel
from app.widgets.choice_box import ChoiceBox
from app.widgets.search_field import SearchField
from core.heard.event import KINDS, EventQuery

ALL_CLASSES = "All classes"
_CLOCK_MS = 5000
_LEAST_PX = 80
"""A choice may be cut short rather than make the window wider than a small screen at the largest text."""
_TYPING_MS = 200
"""A search begins so long after the last key, so that not every letter asks the store."""


def _today(now_at: float) -> float:
    return datetime.fromtimestamp(now_at).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


TIMES: dict[str, Callable[[float], float | None]] = {
    "All times": lambda now_at: None,
    "Last 10 minutes": lambda now_at: now_at - 600,
    "Last hour": lambda now_at: now_at - 3600,
    "Today": _today,
}
"""What can be chosen, and the earliest onset that it leaves at a moment, both in seconds since 1970."""


class EventFilters(QWidget):
    """Says which events are wanted."""

    changed = Signal()
    """Another query is wanted. No payload."""
    moved_on = Signal(object)
    """Time has passed: the earliest onset that is wanted now, seconds since 1970."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = SearchField("Find events", "Find in class, note, input…", "Show the events that contain this")
        self.label = _choice("Class", "Show the events of one class")
        self.label.addItem(ALL_CLASSES, "")
        self.label.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.label.setMinimumContentsLength(12)
        self.label.setMinimumWidth(_LEAST_PX)
        self.time = _choice("Time", "Show the events of this time")
        self.time.addItems(list(TIMES))
        self.time.setMinimumWidth(_LEAST_PX)
        self.near_misses = QCheckBox("Near misses")
        self.near_misses.setAccessibleName("Near misses")
        self.near_misses.setToolTip("Also show what almost was an event, and why it was none")
        # A click leaves the keyboard focus where it was.
        self.near_misses.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._move_on)
        self.time.currentIndexChanged.connect(self._watch_clock)
        self._build()
        self.search.textChanged.connect(self._typing.start)
        self._typing.timeout.connect(self.changed)
        for box in (self.label, self.time):
            box.currentIndexChanged.connect(self.changed)
        self.near_misses.toggled.connect(self.changed)

    def _build(self) -> None:
        heading = PlainLabel("Events")
        heading.setObjectName("Heading")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(heading)
        row.addSpacing(4)
        row.addWidget(self.search, 1)
        for part in (self.label, self.time, self.near_misses):
            row.addWidget(part)

    @property
    def is_all(self) -> bool:
        """Nothing is filtered."""
        return not (self.search.text().strip() or self.label.currentData() or self.time.currentIndex())

    def show_all(self) -> None:
        """Filter nothing; reports no change."""
        with QSignalBlocker(self.search), QSignalBlocker(self.label), QSignalBlocker(self.time):
            self.search.clear()
            self.label.setCurrentIndex(0)
            self.time.setCurrentIndex(0)
        self._typing.stop()
        self._clock.stop()

    def applied_to(self, query: EventQuery) -> EventQuery:
        """The query of these filters, in the order of another one."""
        label = self.label.currentData()
        return replace(
            query,
            labels=(label,) if label else (),
            since=TIMES[self.time.currentText()](time.time()),
            text=self.search.text().strip(),
            kinds=KINDS if self.near_misses.isChecked() else KINDS[:1],
        )

    @Slot()
    def _watch_clock(self) -> None:
        """The clock is looked at only while it matters."""
        if self.time.currentIndex():
            self._clock.start()
        else:
            self._clock.stop()

    @Slot()
    def _move_on(self) -> None:
        self.moved_on.emit(TIMES[self.time.currentText()](time.time()))

    @Slot(object)
    def list_labels(self, labels: Sequence[tuple[str, str]]) -> None:
        """Offer these classes, `(id, name)`; the chosen one stays chosen."""
        known = [self.label.itemData(place) for place in range(1, self.label.count())]
        if known == [label_id for label_id, _ in labels]:
            return
        chosen = self.label.currentData()
        with QSignalBlocker(self.label):
            self.label.clear()
            self.label.addItem(ALL_CLASSES, "")
            for label_id, name in labels:
                self.label.addItem(name, label_id)
            self.label.setCurrentIndex(max(self.label.findData(chosen), 0))


def _choice(name: str, tip: str) -> QComboBox:
    """An empty list to choose from; its pop-up has the same name."""
    box = ChoiceBox()
    for part in (box, box.view()):
        part.setAccessibleName(name)
        part.setToolTip(tip)
    return box
