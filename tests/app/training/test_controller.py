"""Training from the window's menu: to a model in use without a break in the listening, and never losing a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.training.new_dialog import TrainingDialog
from app.training.panel import TrainingPanel
from app.training.session import RunState
from core.run.messages import TrainingFinished
from tests.app.app_fakes import FakeCore, FakeTagger
from tests.app.conftest import MakeWindow
from tests.app.training_fakes import EPOCH, STARTED, STEPS, StandIn, finish_run, write_run
from tests.app.window_driving import listen


@pytest.fixture
def window(make_window: MakeWindow, stand_in: StandIn, qtbot: QtBot) -> MainWindow:
    made = make_window(program=stand_in.program)
    made.resize(1100, 760)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "birds"


def _start(window: MainWindow, out: Path, qtbot: QtBot) -> None:
    window.menus.actions["new_training"].trigger()
    dialog = _dialog(window)
    dialog.form.choose_data("/birds")
    dialog.form.out.setText(str(out))
    qtbot.waitUntil(dialog.start_button.isEnabled)
    dialog.start_button.click()


def _dialog(window: MainWindow) -> TrainingDialog:
    dialog = window.training.dialog
    assert dialog is not None
    return dialog


def _train_to_the_end(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> TrainingFinished:
    finished = finish_run(out)
    (out / "state.pt").unlink()
    stand_in.trains(STARTED, *STEPS, EPOCH, finished)
    _start(window, out, qtbot)
    qtbot.waitUntil(lambda: bool(window.training.results))
    return finished


def _run_that_waits(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    stand_in.trains(STARTED, *STEPS, waits=True)
    _start(window, out, qtbot)
    qtbot.waitUntil(lambda: window.training.session.state is RunState.RUNNING)


def _model_lines(window: MainWindow) -> dict[str, QAction]:
    return {action.text(): action for action in window.menus.model_menu.actions() if action.isCheckable()}


def test_from_the_menu_to_the_new_model_in_the_running_live_view(
    window: MainWindow, core: FakeCore, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    listener = core.listeners[-1]
    assert not window.docks.panel("training", TrainingPanel).isVisible()
    finished = _train_to_the_end(window, stand_in, out, qtbot)
    assert window.docks.panel("training", TrainingPanel).isVisible()
    core.models[finished.checkpoint] = birds = FakeTagger("Birds", ("wren", "owl"))
    window.training.results[0].use_button.click()
    qtbot.waitUntil(lambda: window.session.tagger is birds)
    assert window.training.results[0].use_button.text() == "This model is in use"
    assert window.toolbar.model_button.text() == "Model: birds", "as in the menu: the run's name, not its recipe's"
    assert listener.taggers[-1] is birds
    assert core.listeners == [listener], "the input was not opened again"
    assert not listener.stopped.is_set()
    assert window.session.is_listening
    window.session.state_changed.emit()
    assert window._parts.settings.model == finished.checkpoint, "and it is there in the next run"


def test_a_trained_model_is_listed_until_its_folder_is_gone(
    window: MainWindow, make_window: MakeWindow, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    finished = _train_to_the_end(window, stand_in, out, qtbot)
    assert _model_lines(window)["birds"].data() == finished.checkpoint
    assert "birds" in _model_lines(make_window())
    (Path(finished.checkpoint) / "model.safetensors").unlink()
    Path(finished.checkpoint).rmdir()
    assert "birds" not in _model_lines(make_window())


def test_after_a_few_clips_the_whole_model_is_the_next_button(
    window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    finished = _train_to_the_end(window, stand_in, out, qtbot)
    window.training.results[0].tune_button.click()
    dialog = _dialog(window)
    dialog.form.out.setText(str(out.parent / "tuned"))
    qtbot.waitUntil(dialog.start_button.isEnabled)
    plan = dialog.form.plan()
    assert (plan.recipe, plan.data, plan.settings) == ("fine-tune", Path("/birds"), (f"init={finished.checkpoint}",))


def test_the_dialog_remembers_what_was_started(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    assert window.training.dialog is None
    window.menus.actions["new_training"].trigger()
    dialog = _dialog(window)
    qtbot.waitUntil(lambda: dialog.form.recipe.count() == 3)
    assert dialog.form.data.text() == "/birds"
    assert Path(dialog.form.out.text()).parent == out.parent


def test_the_menu_pauses_and_stops(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    actions = window.menus.actions
    assert not actions["pause_training"].isEnabled()
    assert not actions["stop_training"].isEnabled()
    _run_that_waits(window, stand_in, out, qtbot)
    actions["pause_training"].trigger()
    qtbot.waitUntil(lambda: window.training.session.state is RunState.PAUSED)
    assert actions["pause_training"].text().replace("&", "") == "Resume the training"
    actions["stop_training"].trigger()
    qtbot.waitUntil(lambda: window.training.session.state is RunState.STOPPED)
    assert not actions["stop_training"].isEnabled()


def test_an_earlier_run_is_resumed(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    write_run(out, "esc50")
    stand_in.trains(STARTED, waits=True)
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: window.training.session.state is RunState.RUNNING)
    assert stand_in.asked[-1][:2] == ["train", "esc50"]
    assert "--resume" in stand_in.asked[-1]


def test_a_folder_without_a_run_is_reported(window: MainWindow, tmp_path: Path) -> None:
    window.training.resume_training(tmp_path)
    assert "no training run" in window.banner.text.text()
    window.training.open_results(tmp_path)
    assert "no results" in window.banner.text.text()


def test_two_runs_at_once_are_refused(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    _start(window, out.with_name("second"), qtbot)
    assert "already running" in window.banner.text.text()
    assert window.training.dialog is not None, "what was filled in is not lost"


def test_closing_with_a_run_asks_and_may_stay(window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    window.close()
    assert window.isVisible()
    question = window.training.question
    assert question is not None
    question.stay_button.click()
    assert window.isVisible()
    assert window.training.session.state is RunState.RUNNING


def test_stopped_on_closing_the_run_is_saved_first(
    window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    window.close()
    assert window.training.question is not None
    window.training.question.stop_button.click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert stand_in.obeyed == ["stop"]
    assert window.training.session.state is RunState.STOPPED


def test_a_run_may_finish_before_the_window_closes(
    window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    window.close()
    assert window.training.question is not None
    window.training.question.finish_button.click()
    assert window.isMinimized()
    assert stand_in.obeyed == []
    window.training.session.stop()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_a_signal_stops_the_run_and_closes_without_asking(
    window: MainWindow, stand_in: StandIn, out: Path, qtbot: QtBot
) -> None:
    _run_that_waits(window, stand_in, out, qtbot)
    window.training.stop_and_close()
    assert window.training.question is None
    qtbot.waitUntil(lambda: not window.isVisible())
    assert stand_in.obeyed == ["stop"]
