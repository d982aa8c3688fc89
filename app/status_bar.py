"""The words at the bottom of the window: how fast, how late, what was lost. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Slot
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar

from app.live.session import LiveSession
from app.style import formatting
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from core.inference.results import LiveStatus, TagScores

_EVERY_MS = 250


class StatusLine(QStatusBar):
    """Follows a session, at most four times a second."""

    def __init__(self, session: LiveSession) -> None:
        super().__init__()
        self._session = session
        self._age = QElapsedTimer()
        self.figures, self.model = PlainLabel(), PlainLabel()
        self.figures.setFont(tabular(self.figures.font()))
        self.figures.setContentsMargins(8, 0, 0, 0)
        # Rather cut off at the end than a window that cannot be made narrow.
        self.figures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.model.setContentsMargins(0, 0, 8, 0)
        self.figures.setToolTip(
            "From sound to screen, how much faster than real time the model is, tokens before and after merging,\n"
            "windows skipped because the model was late, and blocks of sound that were lost."
        )
        self.model.setToolTip("The model in use")
        self.figures.setAccessibleName("Status")
        self.model.setAccessibleName("Model in use")
        self.addWidget(self.figures, 1)
        self.addPermanentWidget(self.model)
        self.setSizeGripEnabled(False)
        session.updated.connect(self._on_update)
        session.state_changed.connect(self.refresh)
        session.tagger_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def _on_update(self) -> None:
        if not self._age.isValid() or self._age.elapsed() >= _EVERY_MS:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Write what is so now."""
        self._age.restart()
        session = self._session
        if session.is_hearing:
            words = figures(session.status, session.latest_scores)
        elif session.is_listening:
            words = "No sound comes in"
        else:
            words = "Getting ready to listen…" if session.is_opening else "Not listening"
        _say(self.figures, words)
        tagger = session.tagger
        idle = "Loading the model…" if session.is_loading_model else "No model"
        _say(self.model, idle if tagger is None else f"{tagger.name}: {tagger.summary}")


def figures(status: LiveStatus, scores: TagScores | None) -> str:
    """The line of figures; what is not known yet is left out."""
    words: list[str] = []
    if status.sound_to_screen_ms > 0:
        words.append(f"{status.sound_to_screen_ms / 1000:.2f}{formatting.THIN}s sound to screen")
    if status.real_time_factor > 0:
        words.append(f"{status.real_time_factor:.0f}× real time")
    if scores is not None and scores.tokens_in:
        words.append(f"{scores.tokens_in} → {scores.tokens_out} tokens")
    words += [f"{status.skipped_windows} skipped", f"{status.dropped_blocks} dropped"]
    return "  ·  ".join(words)


def _say(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
