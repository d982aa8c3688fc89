"""The results: cells of the confusion matrix list clips, clips play and show, the tables sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.results.clip_player import Clip, ClipPlayer
from app.results.dialog import ResultsDialog
from app.runtime.background_jobs import BackgroundJobs
from app.style import formatting
from app.style.appearance import Appearance
from core.run.evaluation_report import ClipResult
from core.run.run_folder import Results, RunDescription
from tests.app.app_fakes import FakePicture
from tests.app.training_fakes import evaluation


class Sounding:
    """A sound that goes on until it is stopped."""

    position_s, is_over, failure = 0.0, False, None

    def __init__(self, clip: Clip, stopped: list[Clip]) -> None:
        self._clip, self._stopped = clip, stopped

    def stop(self) -> None:
        self._stopped.append(self._clip)


Open = Callable[[str], ResultsDialog]


@pytest.fixture
def stopped() -> list[Clip]:
    return []


@pytest.fixture
def player(jobs: BackgroundJobs, stopped: list[Clip]) -> ClipPlayer:
    return ClipPlayer(jobs, start=lambda clip: Sounding(clip, stopped))


@pytest.fixture
def open_dialog(player: ClipPlayer, appearance: Appearance, qtbot: QtBot) -> Open:
    def make(recipe: str) -> ResultsDialog:
        run = Path("/runs/mine")
        results = Results(run / "evaluation.json", run / "checkpoint", run, RunDescription(recipe, "/birds"))
        dialog = ResultsDialog(results, evaluation(), player, appearance)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitExposed(dialog)
        return dialog

    return make


@pytest.fixture
def dialog(open_dialog: Open) -> ResultsDialog:
    return open_dialog("few-clips")


def _names(dialog: ResultsDialog) -> list[str]:
    return [clip.path for clip in dialog.clips.rows_shown]


def test_the_headline_has_metrics_with_intervals(dialog: ResultsDialog) -> None:
    words = dialog.metrics.first.text().replace(formatting.THIN, " ").replace("\N{NO-BREAK SPACE}", " ")
    assert words == "Accuracy 75 % (30–95 %)"


def test_the_other_metrics_are_shown_on_request(dialog: ResultsDialog) -> None:
    metrics = dialog.metrics
    assert not metrics.further.isVisible()
    metrics.button.click()
    assert metrics.further.isVisible()
    assert metrics.button.accessibleName() == "Fewer metrics"
    assert metrics.further.text().replace("\N{NO-BREAK SPACE}", " ") == "d′ 1.50 (1.00–2.00)"
    metrics.button.click()
    assert not metrics.further.isVisible()


def test_every_metric_of_the_headline_is_explained(dialog: ResultsDialog) -> None:
    labels = (dialog.metrics.first, dialog.metrics.further)
    explained = [line.partition(":")[0] for label in labels for line in label.toolTip().splitlines() if ": " in line]
    assert [name for name in explained if name not in {"In brackets", "Without brackets"}] == ["Accuracy", "d′"]


def test_a_click_on_a_cell_lists_its_clips(dialog: ResultsDialog, qtbot: QtBot) -> None:
    matrix = dialog.matrix
    assert matrix.counts.index(1, 0).data() == "1"
    assert matrix.counts.index(0, 1).data() == ""
    area = matrix.visualRect(matrix.counts.index(1, 0))
    QTest.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, area.center())
    assert _names(dialog) == ["owl/2.wav"]
    assert "owl predicted as wren: 1 of 2 clips" in dialog.clips_heading.text()
    assert dialog.clip_view.clip == Clip(Path("/birds/owl/2.wav"))


def test_the_keyboard_goes_from_cell_to_cell(dialog: ResultsDialog) -> None:
    dialog.matrix.choose(0, 0)
    assert _names(dialog) == ["wren/1.wav", "wren/2.wav"], "highest confidence first"
    QTest.keyClick(dialog.matrix, Qt.Key.Key_Down)
    assert _names(dialog) == ["owl/2.wav"]


def test_a_cell_is_as_strong_as_its_share_of_the_row(dialog: ResultsDialog) -> None:
    counts = dialog.matrix.counts
    assert [counts.share(1, 0), counts.share(0, 0), counts.share(2, 2)] == [0.5, 1.0, 0.0]


def test_enter_on_a_clip_plays_it_and_its_picture_is_asked_for(
    dialog: ResultsDialog, player: ClipPlayer, stopped: list[Clip], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(dialog.picture_wanted) as wanted:
        dialog.matrix.choose(1, 0)
    clip = Clip(Path("/birds/owl/2.wav"))
    assert wanted.args == [clip]
    dialog.clip_view.show_picture(clip, FakePicture())
    assert dialog.clip_view.plot._picture.history is not None
    QTest.keyClick(dialog.clips, Qt.Key.Key_Return)
    assert player.clip == clip
    assert dialog.clip_view.play_button.text() == "Stop"
    qtbot.waitUntil(lambda: player._sound is not None)
    dialog.clip_view.play_button.click()
    qtbot.waitUntil(lambda: stopped == [clip])
    assert dialog.clip_view.play_button.text() == "Play"


def test_of_a_clip_that_is_a_part_only_the_part_is_shown_and_played(
    player: ClipPlayer, appearance: Appearance, qtbot: QtBot
) -> None:
    parts = tuple(ClipResult("day.wav", (0,), 0, 0.9, 0.9, start_s, start_s + 2.5) for start_s in (5.0, 10.0))
    report = replace(evaluation(), clips=parts)
    dialog = ResultsDialog(Results(Path("/runs/mine/evaluation.json")), report, player, appearance)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.matrix.choose(0, 0)
    dialog.clips.choose(1)
    clip = Clip(Path("/birds/day.wav"), 10.0, 12.5)
    assert dialog.clip_view.clip == clip
    dialog.clip_view.show_picture(clip, FakePicture())
    assert dialog.clip_view.plot._view_box.viewRange()[0] == [10.0, 12.5]
    dialog.clip_view.play_button.click()
    assert player.clip == clip
    dialog.clips.choose(0)
    assert dialog.clip_view.play_button.text() == "Play", "another part of the same file is playing"


def test_closing_it_stops_the_sound(
    dialog: ResultsDialog, player: ClipPlayer, stopped: list[Clip], qtbot: QtBot
) -> None:
    dialog.matrix.choose(1, 0)
    dialog.clip_view.play_button.click()
    qtbot.waitUntil(lambda: player._sound is not None)
    dialog.close()
    qtbot.waitUntil(lambda: stopped == [Clip(Path("/birds/owl/2.wav"))])


def test_classes_sort_by_any_figure_and_list_their_clips(dialog: ResultsDialog) -> None:
    classes = dialog.classes
    classes.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert [row.label for row in classes.rows_shown] == ["wren", "owl", "hen"]
    row = classes.model().index(2, 0).row()
    assert [classes.model().index(row, column).data() for column in (0, 2)] == ["hen", "–"], "no clips, no figure"
    classes.choose(1)
    assert _names(dialog) == ["owl/2.wav", "owl/1.wav"], "lowest confidence first"


def test_the_worst_mistakes_are_there(dialog: ResultsDialog) -> None:
    assert [clip.path for clip in dialog.mistakes.rows_shown] == ["owl/2.wav"]


def test_the_model_can_be_used_and_trained_further(open_dialog: Open, qtbot: QtBot) -> None:
    dialog = open_dialog("few-clips")
    with qtbot.waitSignal(dialog.use_wanted) as used:
        dialog.use_button.click()
    assert used.args == [Path("/runs/mine/checkpoint")]
    with qtbot.waitSignal(dialog.tune_wanted) as tuned:
        dialog.tune_button.click()
    assert tuned.args == [dialog.results]
    assert not open_dialog("fine-tune").tune_button.isVisible(), "the whole model has been trained already"
