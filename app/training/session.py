"""The training run of the window: starts it, pauses it, and keeps what it said. Paints nothing and trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.program import PROGRAM
from app.training.curves import TrainingCurves, read_curves
from app.training.plan import LOG_NAME, STATE_NAME, TrainingPlan
from app.training.process import TrainingProcess
from core.errors import UserError
from core.run.messages import (
    TrainingEpoch,
    TrainingFailed,
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)


class RunState(Enum):
    """How far the run is, in the words that people read."""

    NONE = "No training yet"
    PREPARING = "Getting ready"
    RUNNING = "Training"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    STOPPING = "Saving and stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    FINISHED = "Finished"


STOPPING_S, CLOSING_S = 60.0, 10.0
"""How long a run that was told to stop may take to save its state: a step and an evaluation come first."""
ACTIVE = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.PAUSING, RunState.PAUSED, RunState.STOPPING})


class TrainingSession(QObject):
    """One run after the other.

    changed: the state, or what is known of the run. curves_changed: there is a new point. finished: the run ended
    well, with its TrainingFinished. ended: the process is gone, whatever became of the run.
    """

    changed = Signal()
    curves_changed = Signal()
    finished = Signal(object)
    ended = Signal()

    def __init__(self, parent: QObject | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        super().__init__(parent)
        self._process = TrainingProcess(self, program=program)
        self._process.message.connect(self._on_message)
        self._process.failed.connect(self._on_failed)
        self._process.ended.connect(self._on_ended)
        self.plan: TrainingPlan | None = None
        self._forget()

    def _forget(self) -> None:
        self.state = RunState.NONE
        # What becomes of the run is so only once its process is gone: until then no other can start.
        self._outcome = RunState.STOPPED
        self.curves = TrainingCurves()
        self.preparing: TrainingPreparing | None = None
        self.started: TrainingStarted | None = None
        self.step: TrainingStep | None = None
        self.epoch: TrainingEpoch | None = None
        self.failure: UserError | None = None
        self.result: TrainingFinished | None = None
        self.seconds_left = 0.0

    # ----- what others may ask -----

    @property
    def is_active(self) -> bool:
        """A run is under way, or waits."""
        return self.state in ACTIVE

    @property
    def can_pause(self) -> bool:
        """There is something to pause, or to go on with."""
        return self.state in {RunState.RUNNING, RunState.PAUSED}

    @property
    def can_stop(self) -> bool:
        """There is something to stop."""
        return self.is_active and self.state is not RunState.STOPPING

    @property
    def can_resume(self) -> bool:
        """The run ended before its end and can go on."""
        return self.plan is not None and self.state in {RunState.STOPPED, RunState.FAILED}

    # ----- deeds -----

    def start(self, plan: TrainingPlan) -> None:
        """Start a run. Raises UserError while one is under way."""
        self._process.start(plan.arguments)
        self._forget()
        self.plan, self.state = plan, RunState.PREPARING
        if plan.resumes:
            self.curves = read_curves(plan.out / LOG_NAME)
            self.curves_changed.emit()
        self.changed.emit()

    @Slot()
    def resume(self) -> None:
        """Go on with the run that stopped or failed; one that never saved its state begins again."""
        if self.can_resume and self.plan is not None:
            self.start(replace(self.plan, resumes=(self.plan.out / STATE_NAME).is_file()))

    @Slot()
    def toggle_pause(self) -> None:
        """Pause, or go on."""
        if self.state is RunState.PAUSED:
            self._process.resume()
        elif self.state is RunState.RUNNING:
            self._process.pause()
            self._set_state(RunState.PAUSING)

    @Slot()
    def stop(self) -> None:
        """End the run; what it has is saved, and it can go on later."""
        if self.can_stop:
            # While it gets ready there is nothing to save.
            patience_s = CLOSING_S if self.state is RunState.PREPARING else STOPPING_S
            self._set_state(RunState.STOPPING)
            self._process.stop(patience_s)

    def stop_soon(self) -> None:
        """End the run before the window closes, which waits no longer than people do."""
        if self.is_active:
            self._set_state(RunState.STOPPING)
            self._process.stop(CLOSING_S)

    def kill(self) -> None:
        """End at once: only for the very end."""
        self._process.kill()

    # ----- what the run says -----

    @Slot(object)
    def _on_message(self, message: TrainingMessage) -> None:
        match message:
            case TrainingPreparing():
                self.preparing = message
            case TrainingStarted():
                self.started = message
                self._advance_to(RunState.RUNNING)
            case TrainingStep():
                self._take_step(message)
            case TrainingEpoch():
                self._take_epoch(message)
            case TrainingPaused():
                self._advance_to(RunState.PAUSED if message.paused else RunState.RUNNING)
            case TrainingStopped():
                self._outcome = RunState.STOPPED
            case TrainingFailed():
                self._fail(UserError(message.problem, message.remedy))
            case TrainingFinished():
                self._outcome, self.result = RunState.FINISHED, message
        self.changed.emit()

    def _take_step(self, step: TrainingStep) -> None:
        self.step, self.seconds_left = step, step.seconds_left
        self.curves.add_step(step)
        self.curves_changed.emit()

    def _take_epoch(self, epoch: TrainingEpoch) -> None:
        self.epoch, self.seconds_left = epoch, epoch.seconds_left
        self.curves.add_epoch(epoch)
        self.curves_changed.emit()

    def _advance_to(self, state: RunState) -> None:
        """What a run says of itself while it is being stopped changes nothing."""
        if self.state is not RunState.STOPPING:
            self.state = state

    @Slot(object)
    def _on_failed(self, error: UserError) -> None:
        """The process died without a word of its own."""
        self._fail(error)
        self.changed.emit()

    def _fail(self, error: UserError) -> None:
        self._outcome, self.failure = RunState.FAILED, error

    @Slot()
    def _on_ended(self) -> None:
        self.state = self._outcome
        self.changed.emit()
        if self.result is not None:
            self.finished.emit(self.result)
        self.ended.emit()

    def _set_state(self, state: RunState) -> None:
        self.state = state
        self.changed.emit()
