"""Shows speed, delay and losses, and the model in use, at the bottom of the window."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Slot
from PySide6.QtWidgets import QStatusBar

from app.live.session import LiveSession
from app.style import formatting
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.widgets.labels import ElidedLabel, set_text
from core.inference.pacing.sentences import pace_in_words
from core.inference.results import LiveStatus, TagScores

_EVERY_MS = 250
NO_SOUND = "No sound is arriving"
MODEL_TIP = "The model in use"


class StatusBar(QStatusBar):
    """Follows a session; the figures change at most four times a second."""

    def __init__(self, session: LiveSession) -> None:
        super().__init__()
        self._session = session
        self._age = QElapsedTimer()
        # Rather cut off at the end than a window that cannot be made narrow.
        self.figures, self.model = ElidedLabel(), PlainLabel()
        self.figures.setFont(tabular(self.figures.font()))
        self.figures.setContentsMargins(8, 0, 0, 0)
        self.model.setContentsMargins(0, 0, 8, 0)
        self.figures.setToolTip(
            "Delay from sound to screen, how many times faster than real time the model runs, tokens before and\n"
            "after merging, windows skipped because the model was too slow, and blocks of sound that were lost."
        )
        self.model.setToolTip(MODEL_TIP)
        self.figures.setAccessibleName("Status")
        self.model.setAccessibleName("Model in use")
        self.addWidget(self.figures, 1)
        self.addPermanentWidget(self.model)
        self.setSizeGripEnabled(False)
        session.updated.connect(self._on_update)
        session.state_changed.connect(self.refresh)
        session.tagger_changed.connect(self.refresh)
        session.pace.changed.connect(self.refresh_model)
        self.refresh()

    @Slot()
    def _on_update(self) -> None:
        if not self._age.isValid() or self._age.elapsed() >= _EVERY_MS:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the current state."""
        self._age.restart()
        session = self._session
        if session.is_receiving:
            words = figures(session.status, session.latest_scores)
        elif session.is_listening:
            words = NO_SOUND
        else:
            words = "Getting ready to listen…" if session.is_opening else "Not listening"
        set_text(self.figures, words)
        self.refresh_model()

    @Slot()
    def refresh_model(self) -> None:
        """Show the model, what it runs in while it listens, and why."""
        session = self._session
        tagger, state = session.tagger, session.pace.state
        if tagger is None:
            set_text(self.model, "Loading the model…" if session.is_loading_model else "No model")
            return
        state = state if session.is_listening else None
        set_text(self.model, f"{tagger.name}: {tagger.summary if state is None else pace_in_words(state)}")
        tip = MODEL_TIP if state is None else f"{tagger.summary}\n{session.pace.sentence}"
        if tip != self.model.toolTip():
            self.model.setToolTip(tip)
            self.model.setAccessibleDescription(tip)


def figures(status: LiveStatus, scores: TagScores | None) -> str:
    """The line of figures, without those not known yet."""
    words: list[str] = []
    if status.sound_to_screen_ms > 0:
        words.append(f"{status.sound_to_screen_ms / 1000:.2f}{formatting.THIN}s sound to screen")
    if status.real_time_factor > 0:
        words.append(f"{status.real_time_factor:.0f}× real time")
    if scores is not None and scores.tokens_out < scores.tokens_in:
        words.append(f"{scores.tokens_in} → {scores.tokens_out} tokens")
    words += [f"{status.skipped_windows} skipped", f"{status.dropped_blocks} dropped"]
    return "  ·  ".join(words)
