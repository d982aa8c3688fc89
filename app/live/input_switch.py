"""Opens an input and waits for its first sound, so that a change of input can be undone."""

from __future__ import annotations

import logging
import time
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, Listener
from core.audio.input_choice import InputChoice
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.take import Take
from core.errors import UserError
from core.inference.results import LiveUpdate

log = logging.getLogger(__name__)
FIRST_BLOCK_TIMEOUT_S = 5.0
"""A microphone that delivers nothing for this long is refused."""
SLOW_START_TIMEOUT_S = 30.0
"""The same for inputs that are computed or decoded first, which takes seconds on a busy computer."""


class InputSwitch(QObject):
    """One attempt at a time; a new one, or `cancel`, gives up the one before.

    sound: keeps the sound of each input, if given. take: that of the input that is being opened or was ready last.
    ready: the Listener, its InputChoice and its first LiveUpdate.
    failed: the InputChoice, a UserError, and whether it was opened (bool).
    """

    ready = Signal(object, object, object)
    failed = Signal(object, object, bool)

    def __init__(
        self, core: CoreApi, jobs: BackgroundJobs, sound: KeptSound | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._core, self._jobs, self._sound = core, jobs, sound
        self.take: Take | None = None
        self._attempt = 0
        self._listener: Listener | None = None
        self._choice = InputChoice()
        self._opened_at_s = 0.0
        self.is_under_way = False

    @property
    def is_starting(self) -> bool:
        """The pool thread is still opening it; at the start of the program its imports take seconds."""
        return self.is_under_way and self._listener is None

    @property
    def _timeout_s(self) -> float:
        return FIRST_BLOCK_TIMEOUT_S if self._choice.kind == "microphone" else SLOW_START_TIMEOUT_S

    def begin(self, choice: InputChoice, tagger: Any, *, after: Listener | None = None) -> None:
        """Open `choice` on a pool thread; `after` is stopped before."""
        self.cancel()
        self.is_under_way = True
        attempt = self._attempt
        take = self.take = None if self._sound is None else self._sound.begin_take(choice.title)

        def work() -> Listener:
            if after is not None:
                after.stop(1.5)
            return self._core.open_listener(choice, tagger, take)

        self._jobs.run(
            work,
            lambda listener: self._on_opened(attempt, choice, listener),
            lambda error: self._on_failed(attempt, choice, error),
        )

    def cancel(self) -> None:
        """Give up; a listener that arrives later is stopped."""
        self._attempt += 1
        if self.is_under_way and self.take is not None:
            self.take.discard()
        self.is_under_way = False
        if self._listener is not None:
            stop_in_background(self._jobs, self._listener)
            self._listener = None

    def use_tagger(self, tagger: Any) -> None:
        """Use a model that was loaded in the meantime."""
        if self._listener is not None:
            self._listener.use_tagger(tagger)

    def poll(self, *, accept_trouble: bool) -> None:
        """Check whether the opened input delivers sound. accept_trouble: accept one that only reports trouble."""
        if self._listener is None:
            return
        update = self._listener.take_update()
        if update is not None and update.has_ended:
            ended = update.failure or UserError("The input ended immediately.", "Choose another input.")
            self._refuse(ended, was_opened=False)
        elif update is not None and (update.runs or (accept_trouble and update.trouble is not None)):
            self._accept(self._listener, update)
        elif time.monotonic() - self._opened_at_s > self._timeout_s:
            trouble = update.trouble if update is not None else None
            silent = UserError(f"{self._choice.title} delivers no sound.", "Choose another input.")
            self._refuse(trouble or silent, was_opened=True)

    def _on_opened(self, attempt: int, choice: InputChoice, listener: Listener) -> None:
        if attempt != self._attempt:
            stop_in_background(self._jobs, listener)
            return
        self._listener, self._choice, self._opened_at_s = listener, choice, time.monotonic()

    def _on_failed(self, attempt: int, choice: InputChoice, error: UserError) -> None:
        if attempt == self._attempt:
            self.is_under_way = False
            self.failed.emit(choice, error, False)

    def _accept(self, listener: Listener, update: LiveUpdate) -> None:
        self._listener = None
        self.is_under_way = False
        log.info("listening to %s", self._choice.title)
        self.ready.emit(listener, self._choice, update)

    def _refuse(self, error: UserError, *, was_opened: bool) -> None:
        self.cancel()
        self.failed.emit(self._choice, error, was_opened)


def stop_in_background(jobs: BackgroundJobs, listener: Listener) -> None:
    """Stop a listener without waiting for it: PortAudio may hang for as long as the sound server does."""

    def done(has_ended: bool) -> None:
        if not has_ended:
            log.warning("a listener hangs in PortAudio and was abandoned")

    jobs.run(lambda: listener.stop(1.5), done)
