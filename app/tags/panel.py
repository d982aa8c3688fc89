"""The tags panel: the classes detected now, or at the selected moment, with search and pins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.tags.list import TagList, TagRow
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from core.inference.results import TagScores
from core.labels import LabelSet

TOP_ROWS = 12
"""The list shows at least this many classes."""
_TEXT_EVERY_MS = 250
_BARS_EVERY_MS = 66


class SearchField(QLineEdit):
    """A search field that Esc clears and leaves, even where Esc is also a shortcut of the window."""

    left = Signal()
    """Esc was pressed: focus returns to where it was. No payload."""
    left_downwards = Signal()
    """Down or Return was pressed: focus moves to the list. No payload."""

    def event(self, arg__1: QEvent) -> bool:
        if isinstance(arg__1, QKeyEvent) and arg__1.type() == QEvent.Type.ShortcutOverride and self._is_wanted(arg__1):
            arg__1.accept()
            return True
        return super().event(arg__1)

    def keyPressEvent(self, arg__1: QKeyEvent) -> None:
        if self._is_wanted(arg__1):
            self.clear()
            self.left.emit()
            return
        if arg__1.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.left_downwards.emit()
            return
        super().keyPressEvent(arg__1)

    def _is_wanted(self, event: QKeyEvent) -> bool:
        return event.matches(QKeySequence.StandardKey.Cancel)


class TagsPanel(QFrame):
    """Lists the classes with the scores given to `show_scores`; texts change at most four times a second."""

    def __init__(
        self, appearance: Appearance, pins: Pins, parents: ShownParents, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._appearance, self._pins, self._parents = appearance, pins, parents
        self._labels: LabelSet | None = None
        self._thresholds: NDArray[np.float32] | None = None
        self._scores: TagScores | None = None
        self._sounding: frozenset[int] | None = None
        self._shown: TagScores | None = None
        self._shown_sounding: frozenset[int] | None = None
        self._focus_before: QWidget | None = None
        self._text_age = QElapsedTimer()
        # Runs only while a bar or a text is not up to date.
        self._timer = QTimer(self)
        self._timer.setInterval(_BARS_EVERY_MS)
        self._timer.timeout.connect(self.advance)
        self._build()
        self.search.textChanged.connect(self._rebuild)
        self.search.left.connect(self._leave_search)
        self.search.left_downwards.connect(self._go_to_list)
        self.list.pin_wanted.connect(self._toggle_pin)
        self.list.room_changed.connect(self._fit_rows)
        pins.changed.connect(self._rebuild)
        self.parents_switch.toggled.connect(parents.choose)
        parents.changed.connect(self._rebuild)
        appearance.changed.connect(self.apply_theme)

    def _build(self) -> None:
        self.heading = PlainLabel("Classes")
        self.heading.setObjectName("Heading")
        self.note = PlainLabel()
        self.note.setObjectName("Muted")
        self.note.setFont(tabular(self.note.font()))
        self.search = SearchField()
        self.search.setPlaceholderText("Find a class…")
        self.search.setClearButtonEnabled(True)
        # Files dropped here go to the window.
        self.search.setAcceptDrops(False)
        self.search.setAccessibleName("Find a class")
        self.search.setToolTip("Show the classes whose name contains this (Ctrl+F)")
        self.parents_switch = QCheckBox("Parents")
        self.parents_switch.setAccessibleName("Parents")
        self.parents_switch.setToolTip("Also show what a detected class implies, such as Animal when Dog is detected")
        self.parents_switch.setChecked(self._parents.is_on)
        self.parents_switch.hide()
        self.list = TagList(self._appearance.theme)
        self.list.setAccessibleName("Detected classes")
        self.list.setToolTip("The classes with the highest confidence. Space pins the selected class.")
        self.empty = PlainLabel()
        self.empty.setObjectName("Muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        header = QHBoxLayout()
        header.setContentsMargins(6, 0, 6, 0)
        header.addWidget(self.heading)
        header.addStretch(1)
        header.addWidget(self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 10, 6, 6)
        layout.setSpacing(8)
        layout.addLayout(header)
        finder = QHBoxLayout()
        finder.setContentsMargins(6, 0, 6, 0)
        finder.addWidget(self.search)
        finder.addWidget(self.parents_switch)
        layout.addLayout(finder)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)
        self.setMinimumWidth(260)
        self.show_message("Loading the model…")

    @Slot()
    def apply_theme(self) -> None:
        """Paint in the colours of the current theme."""
        self.list.apply_theme(self._appearance.theme)

    def go_to_search(self) -> None:
        """Move the focus to the search field; Esc moves it back."""
        if not self.search.hasFocus():
            self._focus_before = self.window().focusWidget()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def set_labels(self, labels: LabelSet, thresholds: NDArray[np.float32]) -> None:
        """Show the classes of another model."""
        self._labels, self._thresholds = labels, thresholds
        self.parents_switch.setVisible(any(label.parents for label in labels))
        self._scores = self._shown = self._sounding = self._shown_sounding = None
        self._rebuild()
        self._fit_rows()

    def show_message(self, text: str) -> None:
        """Show a message instead of the list; an empty text shows the list again."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        self.list.setVisible(not text)

    def show_scores(self, scores: TagScores | None, heading: str, sounding: frozenset[int] | None = None) -> None:
        """Show scores under a heading; may be called many times a second.

        sounding: the labels that count as detected and come first; None where the thresholds say so.
        """
        self._scores, self._sounding = scores, sounding
        if self.heading.text() != heading:
            self.heading.setText(heading)
            self._text_age.invalidate()
        if self._is_stale and not self._timer.isActive():
            self._timer.start()
            self.advance()

    @Slot()
    def advance(self) -> None:
        """One step of the animation."""
        if self._is_stale and _is_due(self._text_age, _TEXT_EVERY_MS):
            self._show_texts()
        is_moving = self.list.tags.glide()
        self.list.viewport().update()
        if not is_moving and not self._is_stale:
            self._timer.stop()

    @property
    def _is_stale(self) -> bool:
        """There is something newer than what is shown."""
        return self._scores is not self._shown or self._sounding != self._shown_sounding

    def _show_texts(self) -> None:
        self._shown, self._shown_sounding = self._scores, self._sounding
        self._rebuild()
        scores = self._shown
        warming = scores is not None and scores.is_warming_up
        self.note.setText(f"warming up {scores.end_s - scores.start_s:.1f} s" if scores and warming else "")

    @Slot()
    def _rebuild(self) -> None:
        """Choose the rows and fill in their values."""
        if self._labels is None or self._thresholds is None:
            return
        chosen, selected = self._chosen(self._labels), self.list.currentIndex().row()
        selected_label = self.list.tags.rows[selected].label if selected >= 0 else None
        pinned = set(self._pins.indices(self._labels))
        names, thresholds = self._labels.names, self._thresholds
        self.list.tags.set_rows([TagRow(i, names[i], float(thresholds[i]), i in pinned) for i in chosen])
        self.list.tags.set_values(None if self._shown is None else self._shown.probabilities, self._shown_sounding)
        self.show_message("" if chosen else "No class of this model matches.")
        if selected_label in chosen:
            self.list.setCurrentIndex(self.list.tags.index(chosen.index(selected_label)))
        elif selected_label is not None:
            # The selected class is no longer listed: select no other class in its place.
            self.list.selectionModel().clear()

    def _chosen(self, labels: LabelSet) -> list[int]:
        wanted = self.search.text().strip().casefold()
        order = self._by_score(labels)
        if wanted:
            return [i for i in order if wanted in labels[i].name.casefold()]
        pinned = self._pins.indices(labels)
        left_out = {*pinned, *self._implied(labels)}
        rest = [i for i in order if i not in left_out]
        return [*pinned, *rest[: max(self._rows_wanted - len(pinned), 0)]]

    def _implied(self, labels: LabelSet) -> list[int]:
        """Detected labels that stay out of the list, because a more specific one implies them."""
        if self._shown is None or self._thresholds is None:
            return []
        detected = self._shown.probabilities >= self._thresholds
        if self._shown_sounding is not None:
            detected = np.isin(np.arange(len(labels)), list(self._shown_sounding))
        return np.flatnonzero(self._parents.left_out(labels, detected)).tolist()

    @property
    def _rows_wanted(self) -> int:
        """Enough rows to fill the list."""
        return max(TOP_ROWS, self.list.room)

    @Slot()
    def _fit_rows(self) -> None:
        """Make the rows higher to fill the list, and add rows once they have their full height."""
        labels = TOP_ROWS if self._labels is None else len(self._labels)
        self.list.fit_rows(min(TOP_ROWS, labels))
        if not self.search.text() and self._rows_wanted != len(self.list.tags.rows):
            self._rebuild()

    def _by_score(self, labels: LabelSet) -> list[int]:
        """Labels that sound first, then by falling score, as displayed, so that changes too small to see do not reorder
        the list."""
        if self._shown is None:
            return list(range(len(labels)))
        percents = [formatting.displayed_percent(probability) for probability in self._shown.probabilities.tolist()]
        sounding = self._shown_sounding or frozenset[int]()
        place = {label: row for row, label in enumerate(self.list.labels_shown())}
        return sorted(
            range(len(labels)), key=lambda i: (i not in sounding, -percents[i], place.get(i, len(labels) + i))
        )

    @Slot()
    def _leave_search(self) -> None:
        """Leave the field, so that keys such as F are shortcuts again."""
        before, self._focus_before = self._focus_before, None
        self.search.clearFocus()
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _go_to_list(self) -> None:
        """Move the focus from the search field to the first class found."""
        if self.list.tags.rows:
            self.list.setCurrentIndex(self.list.tags.index(0))
            self.list.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(int)
    def _toggle_pin(self, label: int) -> None:
        if self._labels is not None:
            self._pins.toggle(self._labels[label].id)


def _is_due(age: QElapsedTimer, every_ms: int) -> bool:
    if age.isValid() and age.elapsed() < every_ms:
        return False
    age.restart()
    return True
