"""Muted classes are kept by label id, leave Now hearing, boxes and lanes, until they are unmuted."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.runtime.settings import UserSettings
from app.tags.muted import MutedClasses
from app.tags.muted_button import MutedButton
from app.tags.rows import RowKind
from core.inference.results import EventChange
from core.labels import LabelSet
from tests.app.app_fakes import FakeCore, scores
from tests.app.window_driving import listen, tag_names

DOG, RAIN = 0, 1


def test_muting_is_kept_with_the_name_and_undone_one_by_one_or_at_once(
    muted: MutedClasses, settings_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(muted.changed):
        muted.toggle("/m/0bt9lr", "Dog")
    muted.toggle("rain", "Rain\tand wind")
    assert MutedClasses(UserSettings(settings_path)).names == {"/m/0bt9lr": "Dog", "rain": "Rain and wind"}
    assert muted.indices(LabelSet.from_ids(("cat", "rain"))) == {1}
    muted.toggle("rain", "Rain")
    assert "rain" not in muted
    muted.clear()
    assert UserSettings(settings_path).muted == {}


def test_the_button_counts_and_its_menu_undoes(muted: MutedClasses, qtbot: QtBot) -> None:
    button = MutedButton(muted)
    qtbot.addWidget(button)
    muted.clear()
    muted.toggle("dog", "Dog")
    muted.toggle("rain", "Rain & wind")
    assert button.text() == "2 muted"
    entries = {action.text(): action for action in button.menu().actions()}
    entries["Unmute Rain && wind"].trigger()
    assert list(muted.names) == ["dog"]
    assert button.text() == "1 muted"


def test_a_muted_class_leaves_the_window_until_it_is_unmuted(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    begun = EventChange(1, DOG, 3.0, 0.9, 3.5), EventChange(2, RAIN, 3.0, 0.8, 3.5)
    core.listeners[-1].hear(300, 100, scores=(scores(300, 400, {DOG: 0.9, RAIN: 0.8}),), events=begun)
    qtbot.waitUntil(lambda: {"Dog", "Rain"} <= set(tag_names(window.tags)))
    row = next(row for row in window.tags.list.tags.rows if row.name == "Dog")
    menu = window.tags.list.menu_of(row)
    menu.actions()[1].trigger()
    menu.close()
    qtbot.waitUntil(lambda: "Dog" not in tag_names(window.tags))
    assert "Rain" in tag_names(window.tags)
    assert window.tags.muted_button.isVisible()
    assert "Dog" not in [lane.name for lane in window.spectrogram.lanes.lanes]
    window.spectrogram.plot.grab()
    assert {event.name for _, event in window.spectrogram.plot.boxes.plates} == {"Rain"}
    window.tags.search.setText("dog")
    assert [row.is_muted for row in window.tags.list.tags.rows] == [True], "a search finds it"
    window.tags.search.clear()
    window.tags.muted_button.menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: "Dog" in [row.name for row in window.tags.list.tags.rows if row.kind is RowKind.HEARD])
    assert window.tags.muted_button.isHidden()
