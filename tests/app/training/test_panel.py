"""The training panel: what the run says is shown, and its buttons do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.style import formatting
from app.style.appearance import Appearance
from app.training.panel import TrainingPanel
from app.training.plan import TrainingPlan
from app.training.session import RunState, TrainingSession
from core.run.messages import TrainingFailed, TrainingFinished, TrainingStep, TrainingStopped, to_line
from tests.app.training_fakes import EPOCH, PREPARING, STARTED, STEPS, StandIn, write_run


@pytest.fixture
def session(stand_in: StandIn) -> Iterator[TrainingSession]:
    made = TrainingSession(program=stand_in.program)
    yield made
    made.kill()


@pytest.fixture
def panel(session: TrainingSession, appearance: Appearance, qtbot: QtBot) -> TrainingPanel:
    made = TrainingPanel(session, appearance)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    return TrainingPlan("few-clips", Path("/birds"), tmp_path / "my run")


def _until(session: TrainingSession, state: RunState, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.state is state)


def test_without_a_run_it_says_what_to_do(panel: TrainingPanel, qtbot: QtBot) -> None:
    assert panel.new_button.isVisible()
    assert not panel.loss.isVisible()
    with qtbot.waitSignal(panel.new_wanted):
        panel.new_button.click()


def test_before_the_first_step_it_says_what_it_prepares(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(PREPARING, waits=True)
    session.start(plan)
    qtbot.waitUntil(lambda: panel.details.text() == "Decoding clips: 3 of 12")
    assert (panel.progress.value(), panel.progress.maximum()) == (3, 12)


def test_clips_once_decoded_are_no_steps_done(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(PREPARING, STARTED, waits=True)
    session.start(plan)
    _until(session, RunState.RUNNING, qtbot)
    assert panel.progress.maximum() == 0, "busy until the first step"


@pytest.mark.parametrize(
    ("clips_per_second", "words"), [(34.4, "34 clips/s"), (2.74, "2.7 clips/s"), (0.04, "2.4 clips/min")]
)
def test_a_slow_run_does_not_seem_to_stand_still(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot,
    clips_per_second: float, words: str,
) -> None:  # fmt: skip
    stand_in.trains(STARTED, TrainingStep(1, 1, 20, 1.0, 1e-3, clips_per_second, 90.0), waits=True)
    session.start(plan)
    qtbot.waitUntil(lambda: session.step is not None)
    assert panel.pace.text().endswith(words)


def test_curves_progress_and_pace_follow_the_run(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(STARTED, *STEPS, EPOCH, waits=True)
    session.start(plan)
    qtbot.waitUntil(lambda: session.epoch is not None)
    assert session.curves.losses == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}
    assert session.curves.metrics == {"accuracy": {1: 0.75}, "map": {1: 0.5}}
    assert (panel.progress.value(), panel.progress.maximum()) == (3, 20)
    assert panel.pace.text() == "1:15 left   34 clips/s"
    assert "epoch 1 of 4, 12 clips, 2 classes on CPU" in panel.details.text()
    assert panel.loss.accessibleDescription() == "0.333"
    assert panel.held_out.accessibleDescription().replace(formatting.THIN, " ") == "Accuracy 75 %, mAP 50 %"


def test_it_pauses_resumes_and_stops(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(STARTED, *STEPS, waits=True)
    session.start(plan)
    _until(session, RunState.RUNNING, qtbot)
    panel.pause_button.click()
    _until(session, RunState.PAUSED, qtbot)
    assert panel.pause_button.text() == "Resume"
    panel.pause_button.click()
    _until(session, RunState.RUNNING, qtbot)
    panel.stop_button.click()
    assert not panel.stop_button.isEnabled()
    _until(session, RunState.STOPPED, qtbot)
    assert stand_in.obeyed == ["pause", "resume", "stop"]
    assert panel.resume_button.isVisible()
    assert not panel.stop_button.isVisible()


def test_a_run_that_has_stopped_can_be_resumed_only_once_its_process_has_ended(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(STARTED, TrainingStopped("out", 7), EPOCH, waits=True)
    session.start(plan)
    qtbot.waitUntil(lambda: session.epoch is not None)
    assert not panel.resume_button.isVisible()
    session.stop()
    _until(session, RunState.STOPPED, qtbot)
    assert panel.resume_button.isVisible()


def test_a_failure_is_shown_with_its_remedy_and_can_be_resumed(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    failed = TrainingFailed("The disk is full.", "Free some space.")
    stand_in.trains(STARTED, *STEPS, failed, exit=1, complaint="The disk is full. Free some space.")
    with qtbot.waitSignal(session.ended):
        session.start(plan)
    assert panel.error.text() == "The disk is full. Free some space."
    write_run(plan.out)
    (plan.out / "log.jsonl").write_text("\n".join(to_line(step) for step in STEPS))
    stand_in.trains(STARTED, waits=True)
    panel.resume_button.click()
    _until(session, RunState.RUNNING, qtbot)
    assert "--resume" in stand_in.asked[-1]
    assert not panel.error.isVisible()
    assert list(session.curves.losses) == [1, 2, 3], "the curves from before the failure are kept"


def test_a_run_that_died_before_it_saved_anything_starts_again(
    session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    stand_in.trains(PREPARING, exit=3, complaint="Killed")
    with qtbot.waitSignal(session.ended):
        session.start(plan)
    assert session.failure is not None
    assert "Killed" in session.failure.problem
    session.resume()
    qtbot.waitUntil(lambda: len(stand_in.asked) == 2)
    assert "--resume" not in stand_in.asked[-1]


def test_a_finished_run_offers_its_model_and_its_results(
    panel: TrainingPanel, session: TrainingSession, stand_in: StandIn, plan: TrainingPlan, qtbot: QtBot
) -> None:
    finished = TrainingFinished("/run/checkpoint", {"accuracy": 0.92}, "/run/evaluation.json")
    stand_in.trains(STARTED, *STEPS, EPOCH, finished)
    with qtbot.waitSignal(session.finished) as finished_signal:
        session.start(plan)
    assert finished_signal.args == [finished]
    assert panel.heading.text() == "Finished"
    assert panel.details.text().replace(formatting.THIN, " ") == "Accuracy 92 %, my run"
    for button, signal in ((panel.use_button, panel.use_wanted), (panel.results_button, panel.results_wanted)):
        assert button.isVisible()
        with qtbot.waitSignal(signal):
            button.click()
