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
from app.tags.muted import MutedClasses
from app.tags.painting import STAR_PX
from app.tags.panel import TagsPanel
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from app.tags.rows import MOST_CANDIDATES, MOST_HEARD, RowKind
from core.labels import LabelSet
from tests.app.app_fakes import NAMES, FakeTagger, scores
from tests.app.contrast import contrast
from tests.app.window_driving import tag_names


@pytest.fixture
def panel(qtbot: QtBot, appearance: Appearance, pins: Pins, parents: ShownParents, muted: MutedClasses) -> TagsPanel:
    made = TagsPanel(appearance, pins, parents, muted)
    qtbot.addWidget(made)
    QAbstractItemModelTester(made.list.tags, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    made.resize(320, 480)
    made.show()
    tagger = FakeTagger()
    made.set_labels(tagger.labels, tagger.thresholds)
    return made


def _texts(panel: TagsPanel) -> dict[str, str]:
    return {row.name: row.text for row in panel.list.tags.rows}


def _kinds(panel: TagsPanel) -> dict[str, RowKind]:
    return {row.name: row.kind for row in panel.list.tags.rows}


def _show_at_once(panel: TagsPanel, *args: object) -> None:
    panel.show_scores(*args)  # type: ignore[arg-type]
    panel._text_age.invalidate()
    panel.advance()


def test_what_is_heard_comes_first_and_candidates_below_it(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.9, 2: 0.5, 9: 0.2}), "Now hearing")
    assert tag_names(panel) == ["Cow", "Siren", "Wind"]
    assert _kinds(panel) == {"Cow": RowKind.HEARD, "Siren": RowKind.HEARD, "Wind": RowKind.CANDIDATE}
    assert _texts(panel)["Cow"].startswith("90")
    assert [bool(row.caption) for row in panel.list.tags.rows] == [False, False, True]


def test_what_is_hardly_a_candidate_is_not_shown(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.9, 9: 0.1, 12: 0.2}), "Now hearing")
    assert tag_names(panel) == ["Cow", "Bee"]


def test_at_most_five_are_large_and_at_most_five_may_be_heard(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard=dict.fromkeys(range(7), 0.9) | dict.fromkeys(range(7, 14), 0.2)), "Now hearing")
    kinds = [row.kind for row in panel.list.tags.rows]
    assert kinds == [RowKind.HEARD] * MOST_HEARD + [RowKind.CANDIDATE] * MOST_CANDIDATES
    captions = [bool(row.caption) for row in panel.list.tags.rows]
    assert captions == [False] * 7 + [True] + [False] * 2, "the sixth and seventh are heard, too"


def test_an_open_event_alone_counts_as_heard_and_says_since_when(panel: TagsPanel) -> None:
    heard = scores(heard={4: 0.9, 2: 0.3})
    panel.show_scores(heard, "Now hearing", {2: 2.4})
    assert _kinds(panel) == {"Siren": RowKind.HEARD, "Cow": RowKind.CANDIDATE}
    assert [row.since for row in panel.list.tags.rows] == ["2\N{NARROW NO-BREAK SPACE}s", ""]
    _show_at_once(panel, heard, "Now hearing", {2: 3.1})
    assert panel.list.tags.rows[0].since.startswith("3"), "it counts up, though the scores are the same"
    _show_at_once(panel, heard, "Now hearing", {})
    assert _kinds(panel) == {"Cow": RowKind.CANDIDATE, "Siren": RowKind.CANDIDATE}
    assert not any(row.is_detected for row in panel.list.tags.rows)


def test_what_has_begun_last_stands_on_top_whatever_the_probabilities_do(panel: TagsPanel) -> None:
    _show_at_once(panel, scores(heard={4: 0.9, 2: 0.6}), "Now hearing", {4: 6.3, 2: 1.2})
    assert tag_names(panel)[:2] == ["Siren", "Cow"]
    _show_at_once(panel, scores(heard={4: 0.6, 2: 0.9}), "Now hearing", {4: 7.3, 2: 2.2})
    assert tag_names(panel)[:2] == ["Siren", "Cow"]


def test_where_nothing_is_heard_it_says_quiet(panel: TagsPanel, qtbot: QtBot) -> None:
    assert not panel.quiet.isVisible(), "nothing has been listened to yet"
    _show_at_once(panel, scores(heard={1: 0.18}), "Now hearing", {})
    assert panel.quiet.isVisible()
    assert tag_names(panel) == ["Rain"]
    qtbot.keyClicks(panel.search, "cow")
    assert not panel.quiet.isVisible()
    panel.search.clear()
    _show_at_once(panel, scores(heard={1: 0.8}), "Now hearing", {1: 0.0})
    assert not panel.quiet.isVisible()


def test_without_events_the_thresholds_say_what_is_heard(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.5, 2: 0.49}), "Highest in view")
    assert [row.name for row in panel.list.tags.rows if row.is_detected] == ["Cow"]
    assert panel.list.tags.rows[0].since == ""


def test_pinned_classes_come_after_what_is_heard_and_are_remembered(
    panel: TagsPanel, pins: Pins, settings_path: Path
) -> None:
    pins.toggle("bee")
    panel.show_scores(scores(heard={4: 0.9, 1: 0.3}), "Now hearing")
    assert tag_names(panel) == ["Cow", "Bee", "Rain"]
    assert _kinds(panel)["Bee"] is RowKind.PINNED
    assert UserSettings(settings_path).pinned == ("bee",)
    _show_at_once(panel, scores(heard={4: 0.9, 12: 0.95}), "Now hearing")
    assert _kinds(panel) == {"Bee": RowKind.HEARD, "Cow": RowKind.HEARD}


def test_search_finds_every_class_and_says_when_there_is_none(panel: TagsPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.search, "OW")
    assert sorted(tag_names(panel)) == ["Cow", "Owl"]
    qtbot.keyClicks(panel.search, "zzz")
    assert tag_names(panel) == []
    assert not panel.list.isVisible()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert tag_names(panel) == []


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
    panel.show_scores(scores(heard={4: 0.9, 1: 0.3, 2: 0.2}), "Now hearing")
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.list.tags.index(0))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Space):
        qtbot.keyClick(panel.list, key)
    assert pins.ids == ("rain",)
    assert panel.list.currentIndex().data() == "Rain", "the selection goes with its class"


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


def test_texts_change_at_most_five_times_a_second(panel: TagsPanel, qtbot: QtBot) -> None:
    changes: list[str] = []
    panel.list.tags.dataChanged.connect(lambda *_: changes.append(panel.list.tags.rows[0].text))
    for i in range(20):
        panel.show_scores(scores(heard={4: 0.5 + i / 100}), "Now hearing")
    qtbot.waitUntil(lambda: _texts(panel)["Cow"].startswith("69"))
    assert len(set(changes)) <= 3


def test_a_class_that_begins_to_be_heard_is_shown_at_once(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.9}), "Now hearing", {4: 1.0})
    later = scores(heard={4: 0.8, 1: 0.9})
    for heard, is_shown in (({4: 1.0}, False), ({4: 1.0, 1: 0.1}, True)):
        panel.show_scores(later, "Now hearing", heard)
        assert (panel.shown is later) == is_shown


def test_small_noise_does_not_shuffle_the_list(panel: TagsPanel, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9, 1: 0.101, 2: 0.099}), "Now hearing")
    before = tag_names(panel)
    panel.show_scores(scores(heard={4: 0.8, 1: 0.099, 2: 0.101}), "Now hearing")
    qtbot.waitUntil(lambda: _texts(panel)["Cow"].startswith("80"))
    assert tag_names(panel) == before


def test_a_short_window_is_marked(panel: TagsPanel) -> None:
    panel.show_scores(scores(0, 340, is_warming_up=True), "Now hearing")
    assert panel.note.text() == "warming up 3.4 s"


def test_screen_readers_get_name_value_and_time(panel: TagsPanel) -> None:
    panel.show_scores(scores(heard={4: 0.92, 1: 0.18}), "Now hearing", {4: 2.0})
    interface = QAccessible.queryAccessibleInterface(panel.list)
    said = [interface.child(i).text(QAccessible.Text.Name) for i in range(interface.childCount())]
    assert len(said) == 2
    assert said[0].startswith("Cow, 92")
    assert said[0].split(", ")[2].startswith("for 2")
    assert said[1].startswith("maybe Rain, 18")


def test_the_empty_panel_explains_itself(
    qtbot: QtBot, appearance: Appearance, pins: Pins, parents: ShownParents, muted: MutedClasses
) -> None:
    panel = TagsPanel(appearance, pins, parents, muted)
    qtbot.addWidget(panel)
    assert panel.empty.text() == "Loading the model…"
    assert len(NAMES) > MOST_HEARD


def test_the_selection_goes_with_its_class_and_marks_no_other_one(panel: TagsPanel, qtbot: QtBot) -> None:
    panel.show_scores(scores(heard={4: 0.9, 13: 0.5}), "Now hearing")
    panel.list.setCurrentIndex(panel.list.tags.index(1))
    assert panel.list.currentIndex().data() == "Owl"
    panel.show_scores(scores(heard={13: 0.9, 4: 0.5}), "Now hearing")
    qtbot.waitUntil(lambda: tag_names(panel)[0] == "Owl")
    assert [index.data() for index in panel.list.selectedIndexes()] == ["Owl"]
    panel.show_scores(scores(heard=dict.fromkeys(range(10), 0.9)), "Now hearing")
    qtbot.waitUntil(lambda: "Owl" not in tag_names(panel))
    assert panel.list.selectedIndexes() == []


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_star_of_a_class_that_is_not_pinned_can_be_seen(panel: TagsPanel, theme: Theme) -> None:
    panel.show_scores(scores(heard={4: 0.3}), "Now hearing")
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
    assert set(tag_names(farm)) == {"Cow", "Hen"}
    assert UserSettings(settings_path).shows_parents
    farm.parents_switch.click()
    assert "Cow" not in tag_names(farm)
    assert not UserSettings(settings_path).shows_parents
    assert not parents.is_on


def test_a_class_is_listed_while_the_more_specific_one_is_not_sure(farm: TagsPanel) -> None:
    farm.show_scores(scores(heard={4: 0.9, 5: 0.4}), "Now hearing")
    assert tag_names(farm)[:2] == ["Cow", "Hen"]
    farm.show_scores(scores(heard={4: 0.9, 5: 0.6}), "Now hearing", {4: 1.0})
    farm._text_age.invalidate()
    farm.advance()
    assert tag_names(farm)[:2] == ["Cow", "Hen"], "no event of the more specific one is open"
    farm.show_scores(scores(heard={4: 0.3, 5: 0.3}), "Now hearing", {4: 1.0, 5: 1.0})
    farm._text_age.invalidate()
    farm.advance()
    assert "Cow" not in tag_names(farm)


def test_a_pinned_class_and_one_searched_for_are_listed_whatever_implies_them(farm: TagsPanel, pins: Pins) -> None:
    farm.show_scores(scores(heard={4: 0.9, 5: 0.8}), "Now hearing")
    farm.search.setText("cow")
    assert tag_names(farm) == ["Cow"]
    farm.search.clear()
    pins.toggle("cow")
    assert tag_names(farm)[:2] == ["Hen", "Cow"]


def test_without_parents_there_is_no_switch(panel: TagsPanel) -> None:
    assert not panel.parents_switch.isVisible()


@pytest.mark.parametrize("percent", [90, 100, 200])
def test_heading_and_button_are_never_cut_short(
    panel: TagsPanel, muted: MutedClasses, appearance: Appearance, qtbot: QtBot, percent: int
) -> None:
    muted.toggle("dog", "Dog")
    appearance.choose_text_size(percent)

    def is_below() -> bool:
        return panel.muted_button.y() > panel.heading.geometry().bottom()

    try:
        for width_px in (260, 900, 260):
            panel.resize(width_px, 480)
            qtbot.waitUntil(lambda px=width_px: is_below() == (percent == 200 and px == 260))
            assert panel.heading.width() >= panel.heading.sizeHint().width()
            assert panel.muted_button.width() >= panel.muted_button.sizeHint().width()
            assert panel.muted_button.geometry().right() <= width_px
    finally:
        appearance.choose_text_size(100)
