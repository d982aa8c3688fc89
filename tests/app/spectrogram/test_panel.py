"""The picture: what is drawn where, moving about in time, and lanes that keep their place."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.spectrogram.panel import SpectrogramPanel
from app.spectrogram.plot import GUTTER_PX, MARGIN_PX
from app.style.appearance import Appearance
from app.style.theme import PICTURE_VOID
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from core.inference.results import FrameRun, LiveUpdate
from core.labels import LabelSet
from tests.app.app_fakes import NAMES, FakeTagger, noise, scores


@pytest.fixture
def live() -> LiveTimeline:
    timeline = LiveTimeline()
    timeline.use_labels(FakeTagger())
    return timeline


@pytest.fixture
def panel(
    qtbot: QtBot,
    live: LiveTimeline,
    navigation: Navigation,
    appearance: Appearance,
    pins: Pins,
    parents: ShownParents,
    muted: MutedClasses,
) -> SpectrogramPanel:
    made = SpectrogramPanel(live, appearance, pins, parents, muted)
    made.connect_navigation(navigation)
    qtbot.addWidget(made)
    made.set_colours("grey", (-45, 30))
    made.resize(700, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def _hear(panel: SpectrogramPanel, live: LiveTimeline, *updates: LiveUpdate) -> None:
    for update in updates:
        live.append(update)
    live.advance(time.monotonic())
    panel.refresh_lanes()
    panel.refresh()
    QApplication.processEvents()


def _picture(panel: SpectrogramPanel) -> QImage:
    """What is painted inside the axes."""
    view = panel.plot.getPlotItem().getViewBox()  # pyright: ignore[reportOptionalMemberAccess]
    area = panel.plot.mapFromScene(view.sceneBoundingRect()).boundingRect()
    return panel.plot.grab(area.adjusted(2, 2, -4, -2)).toImage()


def _brightness(image: QImage, x: float, y: float = 0.5) -> int:
    return QColor(image.pixel(int(x * (image.width() - 1)), int(y * (image.height() - 1)))).lightness()


def _tone(frames: int, first: int, mel: int) -> FrameRun:
    values = np.full((frames, 128), -15.9, np.float32)
    values[:, mel - 3 : mel + 4] = 6.0
    return FrameRun(values, first)


def test_new_sound_is_at_the_right_edge_and_low_tones_are_low(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((_tone(500, 0, 20), _tone(500, 500, 100))))
    image = _picture(panel)
    low, high = 1 - 20.5 / 128, 1 - 100.5 / 128
    assert _brightness(image, 0.25, low) > 180 > 60 > _brightness(image, 0.25, high)
    assert _brightness(image, 0.75, high) > 180 > 60 > _brightness(image, 0.75, low)


def test_before_the_first_sound_there_is_nothing(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(500),)))
    image = _picture(panel)
    assert QColor(image.pixel(5, image.height() // 2)).name() == PICTURE_VOID
    assert _brightness(image, 0.9) > 30


def test_a_gap_is_hatched(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((_tone(400, 0, 60), _tone(400, 600, 60))))
    image = _picture(panel)
    row = [_brightness(image, x, 0.5) for x in np.linspace(0.42, 0.58, 60)]
    assert max(row) > 40
    assert min(row) < 20


def _lane_colours(panel: SpectrogramPanel, from_s: float, to_s: float) -> set[str]:
    """The colours of the first lane, just above its base line, between two moments of the stream."""
    lanes, window = panel.lanes, panel.timeline.view
    image = lanes.grab().toImage()
    y = round(2 + (lanes.height() - 4) / lanes.room) - 8
    width = lanes.width() - GUTTER_PX - MARGIN_PX
    places = (np.linspace(from_s, to_s, 40) - window.left_s) / window.span_s
    return {QColor(image.pixel(round(GUTTER_PX + place * width), y)).name() for place in places}


def test_a_lane_is_empty_in_a_gap_that_is_shorter_than_the_window(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    windows = tuple(scores(0, end, {2: 0.9}) for end in (350, 400, 650, 700, 750, 1000))
    _hear(panel, live, LiveUpdate((_tone(400, 0, 60), _tone(400, 600, 60)), windows))

    empty = {QColor(panel._appearance.theme.panel).name()}
    assert _lane_colours(panel, 4.1, 5.9) == empty
    assert not _lane_colours(panel, 2.5, 3.9) & empty
    assert not _lane_colours(panel, 6.1, 7.5) & empty


def test_at_a_moment_without_sound_nothing_was_heard(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    windows = tuple(scores(0, end, {2: 0.9}) for end in (350, 400, 650, 700))
    _hear(panel, live, LiveUpdate((_tone(400, 0, 60), _tone(400, 600, 60)), windows))
    for moment_s, is_heard in ((3.0, True), (5.0, False), (6.4, True)):
        live.cursor_s = moment_s
        panel.refresh()
        assert (live.scores_in_view() is not None) is is_heard


def test_scrolling_draws_the_same_pixels_as_drawing_anew(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    for i in range(40):
        _hear(panel, live, LiveUpdate((noise(37, 37 * i),)))
    scrolled = _picture(panel)
    panel.plot._picture.ring.invalidate()
    panel.plot._picture.update()
    QApplication.processEvents()
    assert scrolled == _picture(panel)


def test_another_colour_map_recolours_what_was_drawn(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(1000),)))
    before = _picture(panel)
    panel.set_colours("magma", (-60, 0))
    QApplication.processEvents()
    assert before != _picture(panel)


def test_frozen_the_picture_stays_while_sound_goes_on(
    panel: SpectrogramPanel, navigation: Navigation, live: LiveTimeline
) -> None:
    _hear(panel, live, LiveUpdate((noise(1000),)))
    navigation.set_frozen(True)
    right_s, before = live.view.right_s, _picture(panel)
    _hear(panel, live, LiveUpdate((noise(300, 1000),)))
    assert navigation.is_frozen
    assert live.view.right_s == right_s
    assert before == _picture(panel)
    navigation.set_frozen(False)
    assert live.view.right_s == pytest.approx(13.0)


def test_dragging_goes_back_in_time_and_the_pill_returns(
    panel: SpectrogramPanel, live: LiveTimeline, qtbot: QtBot
) -> None:
    _hear(panel, live, LiveUpdate((noise(4000),)))
    assert not panel.pill.isEnabled()
    viewport = panel.plot.viewport()
    middle = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 6):
        QTest.mouseMove(viewport, middle + QPoint(30 * step, 0), delay=10)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(150, 0))
    qtbot.waitUntil(lambda: live.view.right_s < 39.0)
    assert panel.pill.isEnabled()
    panel.pill.click()
    assert live.view.is_following


def test_the_wheel_zooms_time(panel: SpectrogramPanel, navigation: Navigation, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(4000),)))
    panel._on_zoomed(0.5, -3.0)
    assert live.view.span_s == 5.0
    navigation.zoom(8.0)
    assert live.view.span_s == 40.0


def test_hovering_names_time_frequency_and_level(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((_tone(1000, 0, 60),)))
    panel._on_hovered(-2.0, 60.5)
    assert panel.readout.text().startswith("−2")
    assert "kHz" in panel.readout.text()
    assert "26" in panel.readout.text()
    panel._on_hovered(-200.0, 60.5)
    assert panel.readout.text() == ""


def test_an_empty_picture_explains_itself(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    live.message = "Press Start"
    panel.refresh()
    assert "Press Start" in panel.plot._message.toPlainText()
    _hear(panel, live, LiveUpdate((noise(),)))
    assert not panel.plot._message.isVisible()


def test_a_class_that_a_more_specific_one_implies_has_no_lane_unless_asked_for(
    panel: SpectrogramPanel, live: LiveTimeline, parents: ShownParents
) -> None:
    labels = FakeTagger().labels
    live.models[0].labels = LabelSet(
        tuple(replace(label, parents=(NAMES[2],) if label.index == 5 else ()) for label in labels)
    )
    _hear(panel, live, LiveUpdate((noise(1000),), (scores(0, 1000, {2: 0.9, 5: 0.6}),)))
    assert [lane.label_id for lane in panel.lanes.lanes] == [NAMES[5]]
    parents.choose(True)
    assert {lane.label_id for lane in panel.lanes.lanes} == {NAMES[2], NAMES[5]}


def test_lanes_show_the_surest_classes_in_view(panel: SpectrogramPanel, live: LiveTimeline, pins: Pins) -> None:
    _hear(panel, live, LiveUpdate((noise(1000),), (scores(0, 1000, {2: 0.9, 5: 0.4}),)))
    assert [lane.name for lane in panel.lanes.lanes] == ["Siren", "Hen"]
    pins.toggle(NAMES[7])
    assert [lane.name for lane in panel.lanes.lanes] == ["Clock tick", "Siren", "Hen"]
    assert panel.lanes.accessibleDescription() == "Clock tick, Siren, Hen"


def test_the_pointer_leaving_clears_the_readout(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(1000),)))
    panel._on_hovered(-2.0, 60.5)
    assert panel.readout.text()
    panel.plot._on_mouse_moved(QPointF(-5, -5))
    assert panel.readout.text() == ""


def _turn_wheel(panel: SpectrogramPanel, notches: int, y: float, modifiers: Qt.KeyboardModifier) -> None:
    """Turn the wheel at `y` of the height of the picture, 0 at the top."""
    view = panel.plot.getPlotItem().getViewBox()  # pyright: ignore[reportOptionalMemberAccess]
    area = panel.plot.mapFromScene(view.sceneBoundingRect()).boundingRect()
    place = QPointF(area.center().x(), area.top() + y * area.height())
    event = QWheelEvent(
        place, panel.plot.viewport().mapToGlobal(place), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(panel.plot.viewport(), event)
    QApplication.processEvents()


def test_ctrl_and_the_wheel_zoom_frequency_where_the_pointer_is(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((_tone(1000, 0, 20),)))
    frequencies, at = panel.plot.frequencies, 1 - 20.5 / 128
    before = _brightness(_picture(panel), 0.5, at)
    _turn_wheel(panel, 12, at, Qt.KeyboardModifier.ControlModifier)
    assert live.view.span_s == 10.0
    assert frequencies.high - frequencies.low < 40
    image = _picture(panel)
    assert _brightness(image, 0.5, at) == pytest.approx(before, abs=12), "the tone stays under the pointer"
    thick = [y for y in range(image.height()) if QColor(image.pixel(image.width() // 2, y)).lightness() > 150]
    assert len(thick) > 0.12 * image.height(), "and grows"
    _turn_wheel(panel, -30, 0.5, Qt.KeyboardModifier.ControlModifier)
    assert (frequencies.low, frequencies.high) == (0.0, 128.0)
    _turn_wheel(panel, 3, 0.5, Qt.KeyboardModifier.NoModifier)
    assert live.view.span_s < 10.0
    assert (frequencies.low, frequencies.high) == (0.0, 128.0)


def test_zoomed_in_a_drag_goes_to_other_frequencies(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(1000),)))
    panel.plot.zoom_frequency(0.5)
    assert panel.plot.frequencies.low == 32.0
    viewport = panel.plot.viewport()
    middle = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 6):
        QTest.mouseMove(viewport, middle + QPoint(0, 20 * step), delay=10)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(0, 100))
    assert panel.plot.frequencies.low > 40.0


def test_a_change_is_marked_by_a_line_through_picture_and_lanes(panel: SpectrogramPanel, live: LiveTimeline) -> None:
    _hear(panel, live, LiveUpdate((noise(500),), (scores(0, 500, {3: 0.9}),)))
    live.show_state("USB", is_listening=True, is_growing=True, is_opening=False)
    _hear(panel, live, LiveUpdate((_tone(500, 500, 60),)))
    live.view.hold()
    panel.refresh()
    QApplication.processEvents()
    assert live.markers == ((5.0, "Started: USB"),)
    picture = _picture(panel)
    columns = range(round(picture.width() / 2) - 3, round(picture.width() / 2) + 4)
    bottom = [_brightness(picture, x / (picture.width() - 1), 0.95) for x in columns]
    assert max(bottom) > min(bottom) + 40
