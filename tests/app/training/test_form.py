"""The form of a new training: what is missing, what becomes of the choices, and the folder it offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.form import TrainingForm
from app.training.plan import Start
from core.run.recipe_summary import recipes_from_json
from core.run.run_folder import STATE_NAME
from tests.app.training_fakes import RECIPES_JSON


@pytest.fixture
def form(qtbot: QtBot) -> TrainingForm:
    made = TrainingForm()
    qtbot.addWidget(made)
    return made


def test_each_thing_that_is_missing_is_named_until_nothing_is(form: TrainingForm, tmp_path: Path) -> None:
    seen = [form.missing()]
    form.choose_data(str(tmp_path / "birds"))
    seen.append(form.missing())
    form.set_recipes(recipes_from_json(RECIPES_JSON))
    form.choose_start(Start("timm"))
    seen.append(form.missing())
    form.choose_start(Start("timm", "deit_tiny"))
    form.out.setText("")
    seen.append(form.missing())
    (tmp_path / STATE_NAME).touch()
    form.out.setText(str(tmp_path))
    seen.append(form.missing())
    assert all(seen)
    assert len(set(seen)) == 5
    form.out.setText(str(tmp_path / "new"))
    assert form.missing() == ""


def test_a_recipe_can_be_chosen_before_the_recipes_are_known(form: TrainingForm) -> None:
    form.choose_recipe("esc50")
    form.set_recipes(recipes_from_json(RECIPES_JSON))
    assert form.recipe.currentData() == "esc50"


def test_another_recipe_is_announced(form: TrainingForm, qtbot: QtBot) -> None:
    form.set_recipes(recipes_from_json(RECIPES_JSON))
    with qtbot.waitSignal(form.recipe_changed):
        form.choose_recipe("esc50")


def test_leaving_the_field_of_the_data_without_a_change_chooses_nothing(form: TrainingForm) -> None:
    chosen: list[str] = []
    form.data_changed.connect(chosen.append)
    form.data.setText("/birds")
    for _ in range(2):
        form.data.editingFinished.emit()
    assert chosen == ["/birds"]


def test_names_that_no_folder_can_have_are_replaced_in_the_offered_folder(form: TrainingForm) -> None:
    form.choose_data("/sounds/what?:birds.csv")
    name = Path(form.out.text()).name
    assert name.startswith("what__birds ")
