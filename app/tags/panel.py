"""What is heard now, or at the selected moment: in large type, with candidates, pinned classes and a search below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QEvent, Qt, QTimer, Slot
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.tags.list import TagList
from app.tags.muted import MutedClasses
from app.tags.muted_button import MutedButton
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from app.tags.rows import Choice, Heard, RowKind, TagRow, by_percent, heard_in_words, in_place_of_heard, rows_for
from app.widgets.labels import set_text
from app.widgets.search_field import SearchField
from core.inference.results import TagScores
from core.labels import LabelSet

NOW_HEARING = "Now hearing"
MAYBE = "maybe"
_QUIET_PX, _SIDE_PX = 40, 6
_TEXT_EVERY_MS = 150
"""So much shorter than a quarter of a second, in which scores come, that those which come early need not wait."""
_BARS_EVERY_MS = 66


class TagsPanel(QFrame):
    """Lists what the scores given to `show_scores` say; texts change at most seven times a second,
    and at once where a class begins to be heard."""

    def __init__(
        self,
        appearance: Appearance,
        pins: Pins,
        parents: ShownParents,
        muted: MutedClasses,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._appearance, self._pins, self._parents, self._muted = appearance, pins, parents, muted
        self.is_live = True
        """The scores are of live sound: what is muted is left out."""
        self.is_loud = False
        """The live sound is not quiet, whether or not a class is heard."""
        self._labels: LabelSet | None = None
        self._thresholds: NDArray[np.float32] | None = None
        self._scores: TagScores | None = None
        self._heard: Heard | None = None
        self._shown: TagScores | None = None
        self._shown_heard: Heard | None = None
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
        self.list.mute_wanted.connect(self._toggle_muted)
        for changed in (pins.changed, muted.changed):
            changed.connect(self._rebuild)
        self.parents_switch.toggled.connect(parents.choose)
        parents.changed.connect(self._rebuild)
        appearance.changed.connect(self.apply_theme)

    def _build(self) -> None:
        self.heading = PlainLabel(NOW_HEARING)
        self.heading.setObjectName("Heading")
        self.note = PlainLabel()
        self.note.setObjectName("Muted")
        self.note.setFont(tabular(self.note.font()))
        tip = "Show the classes whose name contains this (Ctrl+F)"
        self.search = SearchField("Find a class", "Find a class…", tip)
        self.parents_switch = QCheckBox("Parents")
        self.parents_switch.setAccessibleName("Parents")
        self.parents_switch.setToolTip("Also show what a detected class implies, such as Animal when Dog is detected")
        self.parents_switch.setChecked(self._parents.is_on)
        self.parents_switch.hide()
        self.quiet = PlainLabel()
        self.quiet.setObjectName("Muted")
        self.quiet.setStyleSheet(f"font-size: {_QUIET_PX}px; font-weight: bold;")
        self.quiet.setContentsMargins(30, 14, 12, 14)
        self.quiet.hide()
        self.muted_button = MutedButton(self._muted)
        self.list = TagList(self._appearance.theme)
        self.list.setAccessibleName("Heard classes")
        self.list.setToolTip("What is heard, and below it what may be. Space pins the selected class.")
        self.empty = PlainLabel()
        self.empty.setObjectName("Muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self.setMinimumWidth(260)
        self.show_message("Loading the model…")

    def _lay_out(self) -> None:
        finder, beside = QHBoxLayout(), QHBoxLayout()
        self._header = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for line in (self._header, finder):
            line.setContentsMargins(_SIDE_PX, 0, _SIDE_PX, 0)
        beside.addStretch(1)
        beside.addWidget(self.note)
        beside.addWidget(self.muted_button)
        self._header.addWidget(self.heading)
        self._header.addLayout(beside, 1)
        finder.addWidget(self.search)
        finder.addWidget(self.parents_switch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE_PX, 10, _SIDE_PX, 6)
        layout.setSpacing(8)
        layout.addLayout(self._header)
        layout.addLayout(finder)
        layout.addWidget(self.quiet)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)

    def event(self, event: QEvent) -> bool:
        """Where the heading and what stands beside it need more room than there is, they stand below one another."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            parts = [part for part in (self.heading, self.note, self.muted_button) if not part.isHidden()]
            wanted_px = sum(part.sizeHint().width() + self._header.spacing() for part in parts)
            fits = wanted_px <= self.contentsRect().width() - 4 * _SIDE_PX
            self._header.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)
        return super().event(event)

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
        self._scores = self._shown = self._heard = self._shown_heard = None
        self._rebuild()

    def show_message(self, text: str) -> None:
        """Show a message instead of the list; an empty text shows the list again."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        self.list.setVisible(not text)
        if text:
            self.quiet.hide()

    def show_heading(self, heading: str) -> None:
        """Say which moment is on show."""
        if self.heading.text() != heading:
            self.heading.setText(heading)
            self._text_age.invalidate()

    def show_scores(self, scores: TagScores | None, heading: str, heard: Heard | None = None) -> None:
        """Show scores under a heading; may be called many times a second.

        heard: the labels that are heard, with the seconds that each has lasted; None where the thresholds say so.
        """
        self._scores, self._heard = scores, heard
        self.show_heading(heading)
        if not self._is_stale:
            return
        if set(heard or ()) - set(self._shown_heard or ()):
            self._text_age.invalidate()
        if not self._timer.isActive():
            self._timer.start()
            self.advance()
        elif _is_due(self._text_age, _TEXT_EVERY_MS):
            self._show_texts()
            self.list.viewport().update()

    @property
    def shown(self) -> TagScores | None:
        """The scores that the list shows."""
        return self._shown

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
        return self._scores is not self._shown or heard_in_words(self._heard) != heard_in_words(self._shown_heard)

    def _show_texts(self) -> None:
        self._shown, self._shown_heard = self._scores, self._heard
        self._rebuild()
        scores = self._shown
        warming = scores is not None and scores.is_warming_up
        set_text(self.note, f"warming up {scores.end_s - scores.start_s:.1f} s" if scores and warming else "")

    @Slot()
    def _rebuild(self) -> None:
        """Choose the rows and fill in their values."""
        if self._labels is None or self._thresholds is None:
            return
        rows, selected = self._chosen(self._labels, self._thresholds), self.list.currentIndex().row()
        selected_label = self.list.tags.rows[selected].label if selected >= 0 else None
        self.list.tags.set_rows(rows)
        self.list.tags.set_values(None if self._shown is None else self._shown.probabilities, self._shown_heard)
        is_searching = bool(self._wanted)
        self.show_message("" if rows or not is_searching else "No class of this model matches.")
        is_heard = any(row.kind is RowKind.HEARD for row in rows)
        word, tip = in_place_of_heard(rows, is_loud=self.is_loud and self.is_live)
        self.quiet.setText(word)
        self.quiet.setToolTip(tip)
        self.quiet.setVisible(self._shown is not None and not is_heard and not is_searching)
        self._select(selected_label)

    def _select(self, label: int | None) -> None:
        chosen = list(self.list.labels_shown())
        if label in chosen:
            self.list.setCurrentIndex(self.list.tags.index(chosen.index(label)))
        elif label is not None:
            # The selected class is no longer listed: select no other class in its place.
            self.list.selectionModel().clear()

    def _chosen(self, labels: LabelSet, thresholds: NDArray[np.float32]) -> list[TagRow]:
        choice = self._choice(labels, thresholds)
        if self._wanted:
            found = [label for label in by_percent(choice) if self._wanted in labels[label].name.casefold()]
            kinds = [(label, RowKind.FOUND) for label in found]
        else:
            kinds = rows_for(choice)
        pinned = set(choice.pinned)
        rows = [
            TagRow(
                label,
                labels[label].name,
                float(thresholds[label]),
                kind,
                is_pinned=label in pinned,
                is_muted=labels[label].id in self._muted,
            )
            for label, kind in kinds
        ]
        candidates = [row for row in rows if row.kind is RowKind.CANDIDATE and row.label not in choice.heard]
        if candidates:
            candidates[0].caption = MAYBE
        return rows

    def _choice(self, labels: LabelSet, thresholds: NDArray[np.float32]) -> Choice:
        probabilities = np.zeros(len(labels), np.float32) if self._shown is None else self._shown.probabilities
        heard: Heard = {} if self._shown_heard is None else self._shown_heard
        if self._shown_heard is None and self._shown is not None:
            heard = dict.fromkeys(np.flatnonzero(probabilities >= thresholds).tolist())
        detected = np.isin(np.arange(len(labels)), list(heard))
        muted = self._muted.indices(labels) if self.is_live else frozenset[int]()
        return Choice(
            percents=[formatting.displayed_percent(probability) for probability in probabilities.tolist()],
            thresholds=(100 * thresholds).tolist(),
            heard={label: lasted_s for label, lasted_s in heard.items() if label not in muted},
            pinned=self._pins.indices(labels),
            left_out=muted | frozenset(np.flatnonzero(self._parents.implied(labels, detected)).tolist()),
            shown=self.list.labels_shown(),
        )

    @property
    def _wanted(self) -> str:
        """What is searched for; empty where nothing is."""
        return self.search.text().strip().casefold()

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
    def _toggle_muted(self, label: int) -> None:
        if self._labels is not None:
            self._muted.toggle(self._labels[label].id, self._labels[label].name)

    @Slot(int)
    def _toggle_pin(self, label: int) -> None:
        if self._labels is not None:
            self._pins.toggle(self._labels[label].id)


def _is_due(age: QElapsedTimer, every_ms: int) -> bool:
    if age.isValid() and age.elapsed() < every_ms:
        return False
    age.restart()
    return True
