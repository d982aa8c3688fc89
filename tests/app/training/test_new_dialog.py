"""The dialog for a new training: what is in the data is shown before anything runs, and errors stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.results.clip_player import Clip, ClipPlayer
from app.runtime.background_jobs import BackgroundJobs
from app.style.appearance import Appearance
from app.training.new_dialog import TrainingDialog
from app.training.plan import Start, TrainingPlan
from core.run.run_folder import STATE_NAME
from tests.app.training_fakes import BAD_REPORT, REPORT, StandIn
from tests.app.window_driving import drop, mime_of


class Silence:
    """A sound that is over."""

    position_s, is_over, failure = 0.0, True, None

    def stop(self) -> None:
        """Nothing to stop."""


@pytest.fixture
def played() -> list[Clip]:
    return []


@pytest.fixture
def make_dialog(
    stand_in: StandIn, appearance: Appearance, jobs: BackgroundJobs, played: list[Clip], qtbot: QtBot
) -> Iterator[Callable[[], TrainingDialog]]:
    made: list[TrainingDialog] = []

    def make() -> TrainingDialog:
        player = ClipPlayer(jobs, start=lambda clip: played.append(clip) or Silence())
        dialog = TrainingDialog(player, appearance, program=stand_in.program)
        player.setParent(dialog)
        qtbot.addWidget(dialog)
        made.append(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.form.recipe.count() == 3)
        return dialog

    yield make
    for dialog in made:
        dialog.stop()


@pytest.fixture
def dialog(make_dialog: Callable[[], TrainingDialog]) -> TrainingDialog:
    return make_dialog()


def _choose_data(dialog: TrainingDialog, qtbot: QtBot, path: str = "/birds") -> None:
    dialog.form.choose_data(path)
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() != 1)


def _wanted(dialog: TrainingDialog) -> TrainingPlan:
    plans: list[TrainingPlan] = []
    dialog.wanted.connect(plans.append)
    dialog.start_button.click()
    assert len(plans) == 1
    return plans[0]


def test_the_recipe_for_a_few_clips_is_offered_first(dialog: TrainingDialog) -> None:
    assert dialog.form.recipe.currentData() == "few-clips"
    assert "A new head." in dialog.form.summary.text()
    assert not dialog.start_button.isEnabled()
    assert "data" in dialog.reason.text()


def test_choosing_data_shows_classes_and_findings(dialog: TrainingDialog, stand_in: StandIn, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    assert ["check", "--data", "/birds", "--recipe", "few-clips", "--json"] in stand_in.asked
    assert "30 clips of 2 classes, 2.5 minutes" in dialog.report.summary.text()
    assert [row.label for row in dialog.report.classes.rows_shown] == ["wren", "owl"]
    dialog.report.classes.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [row.n_clips for row in dialog.report.classes.rows_shown] == [10, 20]
    top = [dialog.report.findings.topLevelItem(row) for row in range(dialog.report.findings.topLevelItemCount())]
    assert [(line.text(0), line.text(1)) for line in top if line] == [
        ("Warning: 2 clips are silent.", "Take them out."),
        ("Note: owl has 10 clips.", "More would help."),
    ]
    assert dialog.start_button.isEnabled()


def test_a_clip_of_a_finding_plays_by_enter(dialog: TrainingDialog, played: list[Clip], qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    findings = dialog.report.findings
    line = findings.topLevelItem(0)
    assert line is not None
    clip = line.child(1)
    assert clip is not None
    findings.setCurrentItem(clip)
    QTest.keyClick(findings, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: played == [Clip(Path("/birds/owl/b.wav"))])
    assert dialog.clip_view.isVisible()


def test_errors_in_the_data_prevent_the_start(dialog: TrainingDialog, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.checks(BAD_REPORT)
    _choose_data(dialog, qtbot)
    assert not dialog.start_button.isEnabled()
    assert "errors" in dialog.reason.text()


@pytest.mark.parametrize("by_key", [True, False])
def test_data_that_was_put_right_is_checked_again(
    dialog: TrainingDialog, stand_in: StandIn, qtbot: QtBot, by_key: bool
) -> None:
    assert not dialog.again_button.isVisible(), "there is nothing to check"
    stand_in.checks(BAD_REPORT)
    _choose_data(dialog, qtbot)
    stand_in.checks(REPORT)
    if by_key:
        QTest.keyClick(dialog.form.data, Qt.Key.Key_Return)
    else:
        dialog.again_button.click()
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert len([words for words in stand_in.asked if words[0] == "check"]) == 2


def test_data_that_cannot_be_read_is_reported(dialog: TrainingDialog, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.refuses("There is no folder /nowhere.")
    _choose_data(dialog, qtbot, "/nowhere")
    assert "There is no folder /nowhere." in dialog.message.text()
    assert not dialog.start_button.isEnabled()


def test_another_recipe_checks_the_data_again(dialog: TrainingDialog, stand_in: StandIn, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    stand_in.checks(BAD_REPORT)
    dialog.form.choose_recipe("fine-tune")
    assert not dialog.start_button.isEnabled(), "the report on the data is for another recipe"
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2)
    assert stand_in.asked[-1] == ["check", "--data", "/birds", "--recipe", "fine-tune", "--json"]
    assert dialog.report.summary.text().startswith("rotten")


def test_data_chosen_before_the_recipes_are_known_is_checked_for_the_recipe(
    stand_in: StandIn, appearance: Appearance, jobs: BackgroundJobs, qtbot: QtBot
) -> None:
    dialog = TrainingDialog(ClipPlayer(jobs), appearance, program=stand_in.program)
    qtbot.addWidget(dialog)
    dialog.form.choose_recipe("esc50")
    dialog.form.choose_data("/birds")
    assert dialog.pages.currentIndex() == 1, "the check is waiting for the recipes"
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2)
    assert [words for words in stand_in.asked if words[0] == "check"] == [
        ["check", "--data", "/birds", "--recipe", "esc50", "--json"]
    ]
    dialog.stop()


def test_without_recipes_the_data_is_still_checked(
    stand_in: StandIn, appearance: Appearance, jobs: BackgroundJobs, qtbot: QtBot
) -> None:
    stand_in._set("recipes", exit=1, complaint="The recipes are damaged.")
    dialog = TrainingDialog(ClipPlayer(jobs), appearance, program=stand_in.program)
    qtbot.addWidget(dialog)
    dialog.form.choose_data("/birds")
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2)
    assert ["check", "--data", "/birds", "--json"] in stand_in.asked
    assert not dialog.start_button.isEnabled()
    dialog.stop()


def test_a_check_can_be_cancelled(dialog: TrainingDialog, stand_in: StandIn) -> None:
    stand_in._set("check", waits=True)
    dialog.form.choose_data("/birds")
    assert dialog.pages.currentIndex() == 1
    dialog.stop_check_button.click()
    assert dialog.pages.currentIndex() == 0
    assert "cancelled" in dialog.message.text()
    assert not dialog.start_button.isEnabled()


def test_a_path_that_was_not_checked_does_not_start(dialog: TrainingDialog, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    dialog.form.data.setText("/other")
    assert not dialog.start_button.isEnabled()
    assert "Enter" in dialog.reason.text()


@pytest.mark.parametrize(
    ("start", "settings"),
    [
        (Start("recipe"), ()),
        (Start("scratch"), ("init=",)),
        (Start("starter"), ("init=starter",)),
        (Start("checkpoint", "/models/mine"), ("init=/models/mine",)),
        (Start("timm", "deit_tiny_patch16_224"), ("init=timm:deit_tiny_patch16_224",)),
    ],
)
def test_what_to_start_from_becomes_a_setting(
    dialog: TrainingDialog, qtbot: QtBot, start: Start, settings: tuple[str, ...]
) -> None:
    _choose_data(dialog, qtbot)
    dialog.form.choose_start(start)
    dialog.form.minutes.setValue(5)
    dialog.form.out.setText("/runs/mine")
    plan = _wanted(dialog)
    assert plan == TrainingPlan("few-clips", Path("/birds"), Path("/runs/mine"), (*settings, "time_budget_min=5"))
    assert plan.arguments[:6] == ["few-clips", "--data", "/birds", "--out", "/runs/mine", "--control"]


def test_a_checkpoint_has_to_be_named(dialog: TrainingDialog, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    dialog.form.choose_start(Start("checkpoint"))
    assert not dialog.start_button.isEnabled()
    assert "checkpoint folder" in dialog.reason.text()


def test_a_run_is_never_overwritten(dialog: TrainingDialog, tmp_path: Path, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    (tmp_path / STATE_NAME).touch()
    dialog.form.out.setText(str(tmp_path))
    assert not dialog.start_button.isEnabled()
    assert "already" in dialog.reason.text()


def test_the_output_folder_follows_data_and_recipe_until_it_is_chosen(dialog: TrainingDialog, qtbot: QtBot) -> None:
    _choose_data(dialog, qtbot)
    assert Path(dialog.form.out.text()).name.startswith("birds few-clips ")
    dialog.form.choose_recipe("esc50")
    assert Path(dialog.form.out.text()).name.startswith("birds esc50 ")
    dialog.form.out.setText("/runs/mine")
    dialog.form.choose_recipe("few-clips")
    assert dialog.form.out.text() == "/runs/mine"


def test_a_folder_can_be_dropped(dialog: TrainingDialog, stand_in: StandIn, tmp_path: Path, qtbot: QtBot) -> None:
    assert drop(dialog, mime_of(str(tmp_path))).isAccepted()
    qtbot.waitUntil(lambda: ["check", "--data", str(tmp_path), "--recipe", "few-clips", "--json"] in stand_in.asked)


def test_choices_are_given_back(make_dialog: Callable[[], TrainingDialog], qtbot: QtBot) -> None:
    first = make_dialog()
    _choose_data(first, qtbot)
    first.form.choose_recipe("esc50")
    first.form.choose_start(Start("timm", "deit_tiny"))
    first.form.minutes.setValue(12)
    again = make_dialog()
    again.form.restore(first.form.choices())
    assert again.form.choices() == first.form.choices()
