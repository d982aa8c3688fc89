"""Training as a person does it: from the menu, over ten clips, to the new model in the running live view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.main_window import MainWindow
from app.results.dialog import ResultsDialog
from app.training.panel import TrainingPanel
from app.training.session import RunState
from core.audio.input_choice import DEMO_SCENE
from rig import sounds
from rig.virtual_screen import VirtualScreen
from rig.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
# Processes that load PyTorch take seconds to start, on a busy machine many.
CLIPS_A_CLASS, CLIP_S = 5, 2


@pytest.fixture
def ten_clips(tmp_path: Path) -> Path:
    """Two classes of five clips: tones and noises, each another one."""
    generator = np.random.default_rng(0)
    t = np.arange(CLIP_S * sounds.RATE_HZ) / sounds.RATE_HZ
    for index in range(CLIPS_A_CLASS):
        tone = 0.3 * np.sin(2 * np.pi * (400 + 90 * index) * t)
        noise = generator.normal(0, 0.05 * (1 + index), len(t))
        for name, samples in (("tone", tone), ("noise", noise)):
            folder = tmp_path / "ten clips" / name
            folder.mkdir(parents=True, exist_ok=True)
            sounds.write_wav(folder / f"{name} {index}.wav", samples.astype(np.float32))
    return tmp_path / "ten clips"


@pytest.fixture
def window(qt_on_screen: None, qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window, listening to the demo scene with the starter."""
    made = build_window(qapp, settings_path=tmp_path / "settings.ini")
    made.show()
    qtbot.waitExposed(made)
    made.begin(DEMO_SCENE)
    qtbot.waitUntil(lambda: made.session.latest_scores is not None)
    yield made
    made.training.session.kill()
    made.close()
    assert made.file_tagging.close(10)
    assert made.jobs.wait(PATIENCE_S)
    made.deleteLater()


def test_from_the_menu_to_the_new_model_in_the_live_view(
    window: MainWindow, ten_clips: Path, tmp_path: Path, screen: VirtualScreen, qtbot: QtBot
) -> None:
    listener = window.session._listener
    _start_training(window, ten_clips, tmp_path / "run", screen, qtbot)
    run = window.training.session
    qtbot.waitUntil(lambda: bool(window.training.results) or run.state is RunState.FAILED)
    assert run.failure is None, run.failure
    assert window.docks.panel("training", TrainingPanel).isVisible()
    assert run.curves.losses
    _look_at_results(window.training.results[0], screen, qtbot)

    frames_before = window.session.clock.next_frame
    window.training.results[0].use_button.click()
    qtbot.waitUntil(lambda: len(window.session.labels or ()) == 2)
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    scores, labels = window.session.latest_scores, window.session.labels
    assert scores is not None
    assert labels is not None
    assert sorted(name.lower() for name in labels.names) == ["noise", "tone"]
    assert scores.probabilities.shape == (2,)
    assert window.session._listener is listener, "the input was not opened again"
    assert window.session.clock.next_frame > frames_before, "and went on being heard"
    assert "run" in {action.text() for action in window.menus.model_menu.actions()}
    screen.picture(SCREENSHOTS / "training-used.png")


def test_a_stopped_training_keeps_its_work_and_goes_on(
    window: MainWindow, ten_clips: Path, tmp_path: Path, screen: VirtualScreen, qtbot: QtBot
) -> None:
    out = tmp_path / "run"
    # Nothing here listens: two models at once would only make it slow.
    window.session.stop()
    _start_training(window, ten_clips, out, screen, qtbot, recipe="fine-tune")
    run = window.training.session
    qtbot.waitUntil(lambda: run.step is not None or run.state is RunState.FAILED)
    assert run.failure is None, run.failure
    window.menus.actions["stop_training"].trigger()
    qtbot.waitUntil(lambda: run.state is RunState.STOPPED)
    assert (out / "state.pt").is_file()
    stopped_at = max(run.curves.losses)
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: run.step is not None or run.state is RunState.FAILED)
    assert run.failure is None, run.failure
    assert run.step is not None
    assert run.step.step > stopped_at
    window.close()
    assert window.training.question is not None
    window.training.question.stop_button.click()
    qtbot.waitUntil(lambda: not window.isVisible())


def _start_training(
    window: MainWindow, data: Path, out: Path, screen: VirtualScreen, qtbot: QtBot, *, recipe: str = "few-clips"
) -> None:
    window.menus.actions["new_training"].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.form.recipe.count() > 0)
    assert dialog.form.recipe.currentData() == "few-clips", "the quick one is offered first"
    dialog.form.choose_recipe(recipe)
    dialog.form.choose_data(str(data))
    dialog.form.out.setText(str(out))
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() != 1)
    assert dialog.start_button.isEnabled(), dialog.reason.text() or dialog.message.text()
    assert "10 clips of 2 classes" in dialog.report.summary.text()
    screen.picture(SCREENSHOTS / "training-dialog.png")
    dialog.start_button.click()


def _look_at_results(results: ResultsDialog, screen: VirtualScreen, qtbot: QtBot) -> None:
    """A cell of the confusion matrix lists its clips, and the first of them is shown."""
    counts = results.matrix.counts
    cells = [(row, column) for row in range(2) for column in range(2) if counts.counts[row][column]]
    results.matrix.choose(*cells[0])
    clips = results.clips.rows_shown
    assert len(clips) == counts.counts[cells[0][0]][cells[0][1]]
    assert results.clip_view.clip is not None
    assert results.clip_view.clip.path.is_file()
    qtbot.waitUntil(lambda: results.clip_view.plot._picture.history is not None)
    screen.picture(SCREENSHOTS / "training-results.png")
