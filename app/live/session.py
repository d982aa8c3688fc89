"""Owns the running listener: starts and stops it, changes input and model, and passes on its updates.

Everything here runs on the GUI thread and never waits: opening, stopping and loading happen on pool threads. A timer
drives it: each tick takes the listener's update and then lets the picture move. Scores are taken as soon as they are
there: the wait for the next tick would be a tenth of the time from a sound to the screen.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app.live.clock import LiveClock
from app.live.input_switch import InputSwitch, stop_in_background
from app.live.pace import LivePace
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, Listener, Tagger
from core.audio.input_choice import DEFAULT_MICROPHONE, InputChoice
from core.audio.kept.kept_sound import KeptSound
from core.errors import UserError
from core.inference.results import LiveStatus, LiveUpdate, TagScores
from core.labels import LabelSet

TICK_MS = 33
_STALE_S = 1.5
HIDDEN_TICK_MS = 500
"""While minimised nothing is painted, but updates are still taken, so that the history has no gap."""


class LiveSession(QObject):
    """The live input, the model that tags it, and its `pace`. sound: keeps what is heard, if given.

    updated: a LiveUpdate on a clock that starts once and runs on while nothing is heard.
    ticked: 30 times a second while the window is visible. state_changed: what is open, opening or received.
    tagger_changed: the model or its merging. trouble_changed: `trouble` has changed.
    input_failed: a UserError; an input that ran before still runs. model_failed: a UserError; the old model stays.
    """

    updated = Signal(object)
    ticked = Signal()
    state_changed = Signal()
    tagger_changed = Signal()
    trouble_changed = Signal()
    input_failed = Signal(object)
    model_failed = Signal(object)
    _tagged = Signal()

    def __init__(
        self, core: CoreApi, jobs: BackgroundJobs, parent: QObject | None = None, sound: KeptSound | None = None
    ) -> None:
        super().__init__(parent)
        self._core, self._jobs = core, jobs
        self._listener: Listener | None = None
        self._input_switch = InputSwitch(core, jobs, sound, self)
        self._input_switch.ready.connect(self._on_ready)
        self._input_switch.failed.connect(self._on_input_failed)
        self._model_attempt = 0
        self._model_waits = False
        self._waiting_model: str | None = None
        self.state_changed.connect(self._load_waiting_model)
        self.clock = LiveClock()
        self.pace = LivePace(self)
        self._previous: InputChoice | None = None
        self._rolled_back: UserError | None = None
        self.input = DEFAULT_MICROPHONE
        self.is_wanted = False
        """The user wants to listen, whether or not it works."""
        self.tagger: Tagger | None = None
        self.model: str | None = None
        self.merge = "auto"
        """How tokens are merged, as `--merge` has it, for every model."""
        self.is_loading_model = False
        self.model_failure: UserError | None = None
        """Why the model last chosen could not be loaded."""
        self.latest_scores: TagScores | None = None
        self.status = LiveStatus()
        self.trouble: UserError | None = None
        self._was_receiving = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._tagged.connect(self._take_update, Qt.ConnectionType.QueuedConnection)  # emitted on the inference thread

    @property
    def is_listening(self) -> bool:
        """An input is open."""
        return self._listener is not None

    @property
    def is_receiving(self) -> bool:
        """Sound arrived within the last moments: an input in trouble may be silent for long."""
        return self.is_listening and self.clock.silent_s < _STALE_S

    @property
    def is_opening(self) -> bool:
        """An input is being opened."""
        return self._input_switch.is_under_way

    @property
    def labels(self) -> LabelSet | None:
        """The labels of the model in use."""
        return None if self.tagger is None else self.tagger.labels

    # ----- listening -----

    @Slot()
    def start(self) -> None:
        """Listen to the chosen input."""
        if not self.is_listening and not self.is_opening:
            self._open(self.input)

    @Slot()
    def stop(self) -> None:
        """Stop listening, and give up an input that is being opened."""
        self.is_wanted = False
        self._previous = self._rolled_back = None
        self._input_switch.cancel()
        self._drop_listener()
        self._set_trouble(None)
        self._timer.stop()
        self.state_changed.emit()

    @Slot()
    def toggle(self) -> None:
        """Start or stop."""
        if self.is_listening or self.is_opening:
            self.stop()
        else:
            self.start()

    def choose_input(self, choice: InputChoice) -> None:
        """Switch to another input once it delivers sound; until then, and if it fails, the current one stays."""
        if choice == self.input and self.is_listening and self.trouble is None:
            return
        self._rolled_back = None
        self._open(choice)

    def restart(self) -> None:
        """Close the input and open it again."""
        self.stop()
        self.start()

    def set_visible(self, visible: bool) -> None:
        """Slow down while the window is minimised."""
        self._timer.setInterval(TICK_MS if visible else HIDDEN_TICK_MS)

    # ----- the model -----

    def load_model_after_input(self, model: str | None) -> None:
        """Load a model once an input that is being opened has its listener.

        At the start both import for seconds and share one interpreter lock: the spectrogram should move first.
        """
        self.is_loading_model = True
        self._model_waits, self._waiting_model = True, model
        # Also loads it, unless an input is being opened.
        self.state_changed.emit()

    @Slot()
    def _load_waiting_model(self) -> None:
        if self._model_waits and not self._input_switch.is_starting:
            self.load_model(self._waiting_model)

    def load_model(self, model: str | None) -> None:
        """Switch to a model by name or path (None: the starter); the current one is used until it is loaded."""
        self._model_waits = False
        self._model_attempt += 1
        attempt = self._model_attempt
        self.is_loading_model = True
        self.state_changed.emit()
        self._jobs.run(
            lambda: self._core.load_tagger(model),
            lambda tagger: self._on_model(attempt, model, tagger),
            lambda error: self._on_model_failed(attempt, error),
        )

    def _on_model(self, attempt: int, model: str | None, tagger: Tagger) -> None:
        if attempt != self._model_attempt:
            return
        try:
            tagger = tagger.with_merge(self.merge)
            self._swap_tagger(tagger)
        except UserError as error:
            self._on_model_failed(attempt, error)
            return
        self.is_loading_model, self.model_failure = False, None
        self.tagger, self.model = tagger, model
        self.latest_scores = None
        self.tagger_changed.emit()
        self.state_changed.emit()

    def use_merge(self, merge: str) -> None:
        """Change the token merging from the next window on, for this model and later ones; the sound continues."""
        if self.tagger is not None:
            tagger = self.tagger.with_merge(merge)
            self._swap_tagger(tagger)
            self.tagger = tagger
        self.merge = merge
        self.tagger_changed.emit()

    def _swap_tagger(self, tagger: Tagger) -> None:
        """Change the model between two windows, with source, ring and history untouched. Raises UserError for a
        model that cannot listen; the current one then stays."""
        if self._listener is not None:
            self._listener.use_tagger(tagger)
            # The old model's last scores belong to its labels, so they are taken before it is replaced.
            self._take_update()
        self._input_switch.use_tagger(tagger)

    def _on_model_failed(self, attempt: int, error: UserError) -> None:
        if attempt == self._model_attempt:
            self.is_loading_model, self.model_failure = False, error
            self.state_changed.emit()
            self.model_failed.emit(error)

    def _open(self, choice: InputChoice, *, after: Listener | None = None) -> None:
        self.is_wanted = True
        self._input_switch.begin(choice, self.tagger, after=after)
        self._timer.start()
        self.state_changed.emit()

    @Slot(object, object, object)
    def _on_ready(self, listener: Listener, choice: InputChoice, update: LiveUpdate) -> None:
        error, self._previous, self._rolled_back = self._rolled_back, None, None
        self._drop_listener()
        self._listener, self.input = listener, choice
        self.pace.attach(listener)
        listener.call_when_tagged(self._tagged.emit)
        if self.tagger is not None:
            listener.use_tagger(self.tagger)
        self.latest_scores, self.status = None, LiveStatus()
        self.clock.place(update)
        if self._input_switch.take is not None:
            self._input_switch.take.place(self.clock.first_frame / 100)
        self.state_changed.emit()
        self._take(update)
        if error is not None:
            self.input_failed.emit(error)

    @Slot(object, object, bool)
    def _on_input_failed(self, choice: InputChoice, error: UserError, was_opened: bool) -> None:
        if not was_opened and self._holds_old_list(choice):
            self._open_alone(choice)
            return
        previous, self._previous = self._previous, None
        if previous is not None and previous != choice:
            self._rolled_back, self._previous = error, previous
            self._open(previous)
            return
        if self._listener is None:
            self._timer.stop()
        self.state_changed.emit()
        self._rolled_back = None
        self.input_failed.emit(error)

    def _holds_old_list(self, choice: InputChoice) -> bool:
        """PortAudio finds a microphone plugged in later only after the open one is closed."""
        return self._listener is not None and self.input.kind == choice.kind == "microphone"

    def _open_alone(self, choice: InputChoice) -> None:
        """Close the current input, then open `choice`; if that fails too, the old one is opened again."""
        listener, self._listener, self._previous = self._listener, None, self.input
        self.updated.emit(self.clock.end_events())
        self._open(choice, after=listener)

    @Slot()
    def tick(self) -> None:
        """Take the listener's update, and let the picture move."""
        self._load_waiting_model()
        self._report_receiving()
        self._input_switch.poll(accept_trouble=self._listener is None)
        self._take_update()
        if self.is_listening and self._timer.interval() == TICK_MS:
            self.ticked.emit()

    @Slot()
    def _take_update(self) -> None:
        update = self._listener.take_update() if self._listener is not None else None
        if update is not None:
            self._take(update)

    def _take(self, update: LiveUpdate) -> None:
        update = self.clock.advance(update)
        if update.scores:
            self.latest_scores = update.scores[-1]
        self.status = update.status
        self.pace.follow(update.pace)
        self._set_trouble(update.trouble)
        self._report_receiving()
        self.updated.emit(update)
        if update.has_ended:
            self._on_ended(update.failure)
        elif update.failure is not None:
            # The model failed; the sound continues.
            self.model_failed.emit(update.failure)

    def _on_ended(self, failure: UserError | None) -> None:
        self._drop_listener()
        if not self.is_opening:
            self._timer.stop()
        self.state_changed.emit()
        if failure is not None:
            self.input_failed.emit(failure)

    def _report_receiving(self) -> None:
        """Report also when sound stops or returns by itself."""
        if self._was_receiving != self.is_receiving:
            self._was_receiving = self.is_receiving
            self.state_changed.emit()

    def _set_trouble(self, trouble: UserError | None) -> None:
        before, self.trouble = self.trouble and (self.trouble.problem, self.trouble.remedy), trouble
        if before != (trouble and (trouble.problem, trouble.remedy)):
            self.trouble_changed.emit()

    def _drop_listener(self) -> None:
        if self._listener is not None:
            stop_in_background(self._jobs, self._listener)
            self._listener = None
            self.updated.emit(self.clock.end_events())
