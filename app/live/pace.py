"""The pace of the live view: what was chosen, what is in use, and the sentence about it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.runtime.core_api import Listener
from core.inference.pacing.models import AUTO, FASTEST, FINEST, PaceState, PaceWish
from core.inference.pacing.sentences import pace_sentence


class LivePace(QObject):
    """changed: the choice, the pace in use or the sentence about it. chosen: another pace was chosen, as `--pace` takes
    it (str). fell_behind: a sentence, when even what may be chosen cannot keep up."""

    changed = Signal()
    chosen = Signal(str)
    fell_behind = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.word = AUTO
        """What was chosen, as `--pace` takes it."""
        self.state: PaceState | None = None
        """What is in use; None before a model has listened."""
        self.sentence = ""
        """What is in use and why."""
        self._listener: Listener | None = None

    @property
    def is_auto(self) -> bool:
        """The program chooses."""
        return self.word == AUTO

    def attach(self, listener: Listener) -> None:
        """Choose the pace of this listener from now on."""
        self._listener = listener
        listener.use_pace(PaceWish(self.word))

    def choose(self, word: str) -> None:
        """Use another pace from the next window on, as `--pace` takes it."""
        if word == self.word:
            return
        self.word = word
        if self._listener is not None:
            self._listener.use_pace(PaceWish(word))
        self.chosen.emit(word)
        self.changed.emit()

    def choose_setting(self, place: int) -> None:
        """Use a setting by its place, from 0 for the finest; the ends hold for every model."""
        n_settings = 1 if self.state is None else len(self.state.ladder.settings)
        self.choose({0: FINEST, n_settings - 1: FASTEST}.get(place, str(place + 1)))

    def follow(self, state: PaceState | None) -> None:
        """What a listener reports."""
        if state is None or state == self.state:
            return
        was_behind = self.state is not None and self.state.is_behind
        self.state, self.sentence = state, pace_sentence(state)
        self.changed.emit()
        if state.is_behind and not was_behind:
            self.fell_behind.emit(self.sentence)
