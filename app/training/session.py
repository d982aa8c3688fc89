"""The training session of the window: starts, pauses and stops runs, and keeps the state and messages of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.program import PROGRAM
from app.training.curves import TrainingCurves, read_curves
from app.training.plan import TrainingPlan
from app.training.run_process import TrainingProcess
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
from core.run.run_folder import has_state


class RunState(Enum):
    """The state of the run; the value is the text on screen."""

    NONE = "No training yet"
    PREPARING = "Preparing"
    RUNNING = "Training"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    STOPPING = "Saving and stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    FINISHED = "Finished"


STOPPING_S, CLOSING_S = 60.0, 10.0
"""How long a run may take to stop: it finishes its step, evaluates, and saves its state."""
ACTIVE = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.PAUSING, RunState.PAUSED, RunState.STOPPING})


class TrainingSession(QObject):
    """One run at a time; a new run replaces the one before."""

    changed = Signal()
    """The state or the last messages have changed. No payload."""
    curves_changed = Signal()
    """The curves have new points. No payload."""
    finished = Signal(object)
    """The TrainingFinished of a run that was successful."""
    ended = Signal()
    """The process has ended, for whatever reason. No payload."""

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
        # The state that follows once the process has ended: until then no other run can start.
        self._outcome = RunState.STOPPED
        self.curves = TrainingCurves()
        self.preparing: TrainingPreparing | None = None
        self.started: TrainingStarted | None = None
        self.step: TrainingStep | None = None
        self.epoch: TrainingEpoch | None = None
        self.failure: UserError | None = None
        self.result: TrainingFinished | None = None
        self.seconds_left = 0.0

    # ----- queries -----

    @property
    def is_active(self) -> bool:
        """A run is in progress or paused."""
        return self.state in ACTIVE

    @property
    def can_pause(self) -> bool:
        """The run can be paused or, when paused, resumed."""
        return self.state in {RunState.RUNNING, RunState.PAUSED}

    @property
    def can_stop(self) -> bool:
        """The run can be stopped."""
        return self.is_active and self.state is not RunState.STOPPING

    @property
    def can_resume(self) -> bool:
        """The run has stopped or failed and can be resumed."""
        return self.plan is not None and self.state in {RunState.STOPPED, RunState.FAILED}

    # ----- actions -----

    def start(self, plan: TrainingPlan) -> None:
        """Start a run. Raises UserError while another one is running."""
        self._process.start(plan.arguments)
        self._forget()
        self.plan, self.state = plan, RunState.PREPARING
        if plan.resumes:
            self.curves = read_curves(plan.out)
            self.curves_changed.emit()
        self.changed.emit()

    @Slot()
    def resume(self) -> None:
        """Resume the run that stopped or failed; a run that never saved its state starts again."""
        if self.can_resume and self.plan is not None:
            self.start(replace(self.plan, resumes=has_state(self.plan.out)))

    @Slot()
    def toggle_pause(self) -> None:
        """Pause the run, or resume it."""
        if self.state is RunState.PAUSED:
            self._process.resume()
        elif self.state is RunState.RUNNING:
            self._process.pause()
            self._set_state(RunState.PAUSING)

    @Slot()
    def stop(self) -> None:
        """Stop the run; it saves its state and can be resumed later."""
        if self.can_stop:
            # While it prepares there is nothing to save.
            timeout_s = CLOSING_S if self.state is RunState.PREPARING else STOPPING_S
            self._set_state(RunState.STOPPING)
            self._process.stop(timeout_s)

    def stop_soon(self) -> None:
        """Stop the run before the window closes, with a shorter timeout."""
        if self.is_active:
            self._set_state(RunState.STOPPING)
            self._process.stop(CLOSING_S)

    def kill(self) -> None:
        """Kill the process, when the program ends."""
        self._process.kill()

    # ----- messages of the run -----

    @Slot(object)
    def _on_message(self, message: TrainingMessage) -> None:
        match message:
            case TrainingPreparing():
                self.preparing = message
            case TrainingStarted():
                self.started = message
                self._advance_to(RunState.RUNNING)
            case TrainingStep():
                self._on_step(message)
            case TrainingEpoch():
                self._on_epoch(message)
            case TrainingPaused():
                self._advance_to(RunState.PAUSED if message.paused else RunState.RUNNING)
            case TrainingStopped():
                self._outcome = RunState.STOPPED
            case TrainingFailed():
                self._fail(UserError(message.problem, message.remedy))
            case TrainingFinished():
                self._outcome, self.result = RunState.FINISHED, message
        self.changed.emit()

    def _on_step(self, step: TrainingStep) -> None:
        self.step, self.seconds_left = step, step.seconds_left
        self.curves.add_step(step)
        self.curves_changed.emit()

    def _on_epoch(self, epoch: TrainingEpoch) -> None:
        self.epoch, self.seconds_left = epoch, epoch.seconds_left
        self.curves.add_epoch(epoch)
        self.curves_changed.emit()

    def _advance_to(self, state: RunState) -> None:
        """Change the state, unless the run is being stopped: late messages must not undo that."""
        if self.state is not RunState.STOPPING:
            self.state = state

    @Slot(object)
    def _on_failed(self, error: UserError) -> None:
        """The process ended without a message that explains it."""
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
