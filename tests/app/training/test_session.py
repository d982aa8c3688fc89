"""The session: what messages do to its state, and what can be done in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.training.plan import TrainingPlan
from app.training.session import RunState, TrainingSession
from core.run.messages import TrainingFailed, TrainingFinished, TrainingMessage, TrainingPaused, TrainingStopped
from tests.app.training_fakes import EPOCH, PREPARING, STARTED, STEPS


@pytest.fixture
def session(qapp: QApplication) -> Iterator[TrainingSession]:
    """A run that has started, whose messages a test gives."""
    made = TrainingSession()
    made.plan, made.state = TrainingPlan("few-clips", Path("/birds"), Path("/runs/mine")), RunState.PREPARING
    yield made
    made.kill()


def _give(session: TrainingSession, *messages: TrainingMessage) -> None:
    for message in messages:
        session._on_message(message)


def test_messages_lead_from_preparing_to_running_and_pause_and_back(session: TrainingSession) -> None:
    states = []
    for message in (PREPARING, STARTED, STEPS[0], TrainingPaused(1, True), TrainingPaused(1, False)):
        _give(session, message)
        states.append(session.state)
    running, paused = RunState.RUNNING, RunState.PAUSED
    assert states == [RunState.PREPARING, running, running, paused, running]


def test_the_newest_message_gives_the_remaining_time(session: TrainingSession) -> None:
    _give(session, STARTED, STEPS[0])
    assert session.seconds_left == STEPS[0].seconds_left
    _give(session, EPOCH)
    assert session.seconds_left == EPOCH.seconds_left


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (TrainingStopped("out", 7), RunState.STOPPED),
        (TrainingFailed("The disk is full.", "Free some space."), RunState.FAILED),
        (TrainingFinished("/run/checkpoint", {}, ""), RunState.FINISHED),
    ],
)
def test_the_outcome_counts_once_the_process_has_ended(
    session: TrainingSession, message: TrainingMessage, state: RunState
) -> None:
    _give(session, STARTED, message)
    assert session.state is RunState.RUNNING
    session._on_ended()
    assert session.state is state
    assert session.can_resume is (state is not RunState.FINISHED)
    assert not session.can_pause
    assert not session.can_stop


def test_late_messages_do_not_undo_stopping(session: TrainingSession) -> None:
    _give(session, STARTED)
    session.stop()
    _give(session, STEPS[1], TrainingPaused(2, False))
    assert session.state is RunState.STOPPING
    assert not session.can_stop
