"""The list of classes: order, search, pins, keys, and what screen readers get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.runtime.settings import UserSettings
from app.style.appearance import Appearance
from app.style.theme import DARK, LIGHT, Theme
from app.tags.list import STAR_PX
from app.tags.panel import TOP_ROWS, TagsPanel
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from core.labels import LabelSet
from tests.app.app_fakes import NAMES, FakeTagger, scores
from tests.app.contrast import contrast
from tests.app.window_driving import tag_names


@pytest.fixture
def panel(qtbot: QtBot, appearance: Appearance, pins: Pins, parents: ShownParents) -> TagsPanel:
    made = TagsPanel(appearance, pins, parents)
    qtbot.addWidget(made)
    QAbstractItemModelTester(made.list.tags, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    made.resize(320, 480)
    made.show()
    tagger = FakeTagger()
    made.set_labels(tagger.labels, tagger.thresholds)
    return made


def _texts(panel: TagsPanel) -> dict[str, str]:
    return {row.name: row.text for row in panel.list.tags.rows}


def test_the_surest_classes_come_first(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.9, 2: 0.5, 9: 0.2}), "Now hearing")
    assert tag_names(panel)[:3] == ["Cow", "Siren", "Wind"]
    assert len(tag_names(panel)) == TOP_ROWS
    assert _texts(panel)["Cow"].startswith("90")


def test_classes_with_an_open_event_come_first_and_alone_count_as_detected(panel: TagsPanel) -> None:
    heard = scores(heard={4: 0.9, 2: 0.3})
    panel.show_scores(heard, "Now hearing", frozenset({2}))
    assert tag_names(panel)[:2] == ["Siren", "Cow"]
    assert [row.name for row in panel.list.tags.rows if row.is_detected] == ["Siren"]
    panel.show_scores(heard, "Now hearing", frozenset())
    panel._text_age.invalidate()
    panel.advance()
    assert tag_names(panel)[:2] == ["Cow", "Siren"], "the event is over, though the scores are the same"
    assert not any(row.is_detected for row in panel.list.tags.rows)


def test_without_events_the_thresholds_say_what_is_detected(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.5, 2: 0.49}), "Highest in view")
    assert [row.name for row in panel.list.tags.rows if row.is_detected] == ["Cow"]


def test_pinned_classes_stay_on_top_and_are_remembered(panel: TagsPanel, pins: Pins, settings_path) -> None:
    pins.toggle("bee")
    panel.show_scores(scores(heard={4: 0.9}), "Now hearing")
    assert tag_names(panel)[:2] == ["Bee", "Cow"]
    assert UserSettings(settings_path).pinned == ("bee",)


def test_search_finds_every_class_and_says_when_there_is_none(panel: TagsPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.search, "OW")
    assert sorted(tag_names(panel)) == ["Cow", "Owl"]
    qtbot.keyClicks(panel.search, "zzz")
    assert tag_names(panel) == []
    assert not panel.list.isVisible()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert len(tag_names(panel)) == TOP_ROWS


def test_a_click_on_the_star_pins_and_one_beside_it_does_not(panel: TagsPanel, pins: Pins, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9}), "Now hearing")
    place = panel.list.visualRect(panel.list.tags.index(0))
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert pins.ids == ()
    star = place.topLeft()
    star.setX(STAR_PX // 2)
    star.setY(place.center().y())
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=star)
    assert pins.ids == ("cow",)


def test_arrows_select_and_space_pins(panel: TagsPanel, pins: Pins, qtbot: QtBot) -> None:
    panel.list.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space):
        qtbot.keyClick(panel.list, key)
    selected = tag_names(panel).index("Rain") if pins.ids == ("rain",) else -1
    assert len(pins.ids) == 1
    assert selected <= 1
    assert panel.list.currentIndex().data() in {"Rain", "Siren", "Dog"}


@pytest.mark.parametrize("key", [Qt.Key.Key_Down, Qt.Key.Key_Return])
def test_down_leads_from_the_search_to_what_was_found(panel: TagsPanel, pins: Pins, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClicks(panel.search, "OW")
    qtbot.keyClick(panel.search, key)
    assert panel.list.currentIndex().row() == 0
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)
    assert len(pins.ids) == 1
    qtbot.keyClicks(panel.search, "zzz")
    qtbot.keyClick(panel.search, key)
    assert tag_names(panel) == []


def test_bars_glide_to_their_values(panel: TagsPanel, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9}), "Now hearing")
    row = panel.list.tags.rows[0]
    assert row.bar < 0.9
    qtbot.waitUntil(lambda: panel.list.tags.rows[0].bar == pytest.approx(0.9))
    qtbot.waitUntil(lambda: not panel._timer.isActive())


def test_texts_change_at_most_four_times_a_second(panel: TagsPanel, qtbot: QtBot) -> None:
    changes: list[str] = []
    panel.list.tags.dataChanged.connect(lambda *_: changes.append(panel.list.tags.rows[0].text))
    for i in range(20):
        panel.show_scores(scores(heard={4: 0.5 + i / 100}), "Now hearing")
    qtbot.waitUntil(lambda: _texts(panel)["Cow"].startswith("69"))
    assert len(set(changes)) <= 3


def test_small_noise_does_not_shuffle_the_list(panel: TagsPanel, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9, 1: 0.101, 2: 0.099}), "Now hearing")
    before = tag_names(panel)
    panel.show_scores(scores(heard={4: 0.8, 1: 0.099, 2: 0.101}), "Now hearing")
    qtbot.waitUntil(lambda: _texts(panel)["Cow"].startswith("80"))
    assert tag_names(panel) == before


def test_a_short_window_is_marked(panel: TagsPanel) -> None:
    panel.show_scores(scores(0, 340, is_warming_up=True), "Now hearing")
    assert panel.note.text() == "warming up 3.4 s"


def test_screen_readers_get_name_and_value(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.92}), "Now hearing")
    interface = QAccessible.queryAccessibleInterface(panel.list)
    assert interface.childCount() >= TOP_ROWS
    said = [interface.child(i).text(QAccessible.Text.Name) for i in range(interface.childCount())]
    assert any("Cow" in text and "92" in text for text in said)


def test_the_empty_panel_explains_itself(
    qtbot: QtBot, appearance: Appearance, pins: Pins, parents: ShownParents
) -> None:
    panel = TagsPanel(appearance, pins, parents)
    qtbot.addWidget(panel)
    assert panel.empty.text() == "Loading the model…"
    assert len(NAMES) > TOP_ROWS


def test_what_is_below_one_percent_stands_above_nothing(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.9, 9: 0.0012, 12: 0.0049}), "Now hearing")
    assert tag_names(panel)[:3] == ["Cow", "Wind", "Bee"]
    assert [_texts(panel)[name][:2] for name in ("Wind", "Bee", "Dog")] == ["<1", "<1", "0\N{NARROW NO-BREAK SPACE}"]


def test_the_selection_goes_with_its_class_and_marks_no_other_one(panel: TagsPanel, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9, 13: 0.5}), "Now hearing")
    panel.list.setCurrentIndex(panel.list.tags.index(1))
    assert panel.list.currentIndex().data() == "Owl"
    panel.show_scores(scores(heard={13: 0.9, 4: 0.5}), "Now hearing")
    qtbot.waitUntil(lambda: tag_names(panel)[0] == "Owl")
    assert [index.data() for index in panel.list.selectedIndexes()] == ["Owl"]
    panel.show_scores(scores(heard=dict.fromkeys(range(13), 0.9)), "Now hearing")
    qtbot.waitUntil(lambda: "Owl" not in tag_names(panel))
    assert panel.list.selectedIndexes() == []


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_star_of_a_class_that_is_not_pinned_can_be_seen(panel: TagsPanel, theme: Theme) -> None:
    panel.list.apply_theme(theme)
    panel.list.setStyleSheet(f"background: {theme.panel}")
    place = panel.list.visualRect(panel.list.tags.index(0))
    image = panel.list.viewport().grab(QRect(place.topLeft(), QSize(STAR_PX, place.height()))).toImage()
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert theme.panel in colours
    assert max(contrast(colour, theme.panel) for colour in colours) >= 3.0


@pytest.fixture
def farm(panel: TagsPanel) -> TagsPanel:
    """The same classes; a hen (5) is a cow (4) here, so that the two are related."""
    labels = FakeTagger().labels
    related = LabelSet(tuple(replace(label, parents=("cow",) if label.id == "hen" else ()) for label in labels))
    panel.set_labels(related, FakeTagger().thresholds)
    return panel


def test_what_a_more_specific_class_implies_is_listed_when_asked_for(
    farm: TagsPanel, parents: ShownParents, settings_path: Path
) -> None:
    assert farm.parents_switch.isVisible()
    farm.show_scores(scores(heard={4: 0.9, 5: 0.8}), "Now hearing")
    assert tag_names(farm)[0] == "Hen"
    assert "Cow" not in tag_names(farm)
    farm.parents_switch.click()
    assert tag_names(farm)[:2] == ["Cow", "Hen"]
    assert UserSettings(settings_path).shows_parents
    farm.parents_switch.click()
    assert "Cow" not in tag_names(farm)
    assert not UserSettings(settings_path).shows_parents
    assert not parents.is_on


def test_a_class_is_listed_while_the_more_specific_one_is_not_sure(farm: TagsPanel) -> None:
    farm.show_scores(scores(heard={4: 0.9, 5: 0.4}), "Now hearing")
    assert tag_names(farm)[:2] == ["Cow", "Hen"]
    farm.show_scores(scores(heard={4: 0.9, 5: 0.6}), "Now hearing", frozenset({4}))
    farm._text_age.invalidate()
    farm.advance()
    assert tag_names(farm)[:2] == ["Cow", "Hen"], "no event of the more specific one is open"
    farm.show_scores(scores(heard={4: 0.3, 5: 0.3}), "Now hearing", frozenset({4, 5}))
    farm._text_age.invalidate()
    farm.advance()
    assert "Cow" not in tag_names(farm)


def test_a_pinned_class_and_one_searched_for_are_listed_whatever_implies_them(farm: TagsPanel, pins: Pins) -> None:
    farm.show_scores(scores(heard={4: 0.9, 5: 0.8}), "Now hearing")
    farm.search.setText("cow")
    assert tag_names(farm) == ["Cow"]
    farm.search.clear()
    pins.toggle("cow")
    assert tag_names(farm)[:2] == ["Cow", "Hen"]


def test_without_parents_there_is_no_switch(panel: TagsPanel) -> None:
    assert not panel.parents_switch.isVisible()
