"""The plot reports what the mouse does, and shows times, frequencies and messages where they belong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.spectrogram.axes.time_axis import TimeLabels
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.plot import GUTTER_PX, MARGIN_PX, SpectrogramPlot
from app.style.theme import DARK
from core.inference.results import FrameRun


@pytest.fixture
def plot(qtbot: QtBot) -> SpectrogramPlot:
    made = SpectrogramPlot(lambda stream_s: stream_s)
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    qtbot.waitExposed(made)
    made.set_view(20.0, 30.0, 0.0)
    QApplication.processEvents()
    return made


def at(plot: SpectrogramPlot, share: float, height: float = 0.5) -> QPoint:
    """The pixel at a share of the picture's width and of its height from the top."""
    area = plot.mapFromScene(plot._view_box.sceneBoundingRect()).boundingRect()
    return QPoint(round(area.left() + share * area.width()), round(area.top() + height * area.height()))


def click(plot: SpectrogramPlot, button: Qt.MouseButton) -> None:
    """Press and release a button at a quarter of the width."""
    place = at(plot, 0.25)
    for kind, held in (
        (QMouseEvent.Type.MouseButtonPress, button),
        (QMouseEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        where = (QPointF(place), QPointF(plot.viewport().mapToGlobal(place)))
        event = QMouseEvent(kind, *where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(plot.viewport(), event)


def turn_wheel(plot: SpectrogramPlot, place: QPoint, by: int, modifiers: Any = Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        *(QPointF(place), QPointF(plot.viewport().mapToGlobal(place)), QPoint(), QPoint(0, by)),
        *(Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(plot.viewport(), event)


def test_the_picture_keeps_its_margins(plot: SpectrogramPlot) -> None:
    area = plot._view_box.sceneBoundingRect()
    assert area.left() == pytest.approx(GUTTER_PX, abs=2)
    assert plot.width() - area.right() == pytest.approx(MARGIN_PX, abs=2)


def test_a_click_reports_its_time(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.clicked) as clicked:
        click(plot, Qt.MouseButton.LeftButton)
    assert clicked.args == [pytest.approx(22.5, abs=0.05)]


def test_a_right_click_reports_nothing(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(plot.clicked):
        click(plot, Qt.MouseButton.RightButton)


def test_the_wheel_zooms_time_around_the_pointer(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.zoomed) as zoomed:
        turn_wheel(plot, at(plot, 0.75), 120)
    assert zoomed.args is not None
    factor, time_s = zoomed.args
    assert factor < 1
    assert time_s == pytest.approx(27.5, abs=0.05)
    with qtbot.waitSignal(plot.zoomed) as zoomed:
        turn_wheel(plot, at(plot, 0.75), -120)
    assert (zoomed.args or (0.0,))[0] > 1


def test_the_wheel_with_control_zooms_frequency_around_the_pointer(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(plot.zoomed):
        turn_wheel(plot, at(plot, 0.5, 0.25), 120, Qt.KeyboardModifier.ControlModifier)
    low, high = plot.frequencies.low, plot.frequencies.high
    assert high - low < 128
    assert low + 0.75 * (high - low) == pytest.approx(96, abs=1)
    assert plot._view_box.viewRange()[1] == pytest.approx([low, high])


def test_a_drag_scrolls_time_and_frequency_against_the_hand(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    plot.zoom_frequency(0.5)
    low = plot.frequencies.low
    view, moved_s = plot._view_box, list[float]()
    plot.dragged.connect(moved_s.append)
    event = SimpleNamespace(
        accept=lambda: None,
        modifiers=lambda: Qt.KeyboardModifier.NoModifier,
        buttonDownPos=lambda: QPointF(0, 0),
        lastPos=lambda: QPointF(0, 0),
        pos=lambda: QPointF(view.width() / 10, view.height() / 10),
    )
    view.mouseDragEvent(event)
    assert moved_s == [pytest.approx(-1.0)], "the picture follows the hand to the right, to earlier times"
    assert plot.frequencies.low == pytest.approx(low + 6.4)


def test_scrolling_frequency_ends_at_the_highest(plot: SpectrogramPlot) -> None:
    plot.zoom_frequency(0.25)
    plot.scroll_frequency(1000)
    assert plot._view_box.viewRange()[1] == pytest.approx([96, 128])


def test_hovering_reports_time_and_mel_row_and_leaving_ends_it(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.hovered) as hovered:
        plot._on_mouse_moved(plot.mapToScene(at(plot, 0.5, 0.25)))
    assert hovered.args == [pytest.approx(25.0, abs=0.05), pytest.approx(96, abs=1)]
    with qtbot.waitSignal(plot.hover_left), qtbot.assertNotEmitted(plot.hovered):
        plot._on_mouse_moved(QPointF(2, 2))  # above the frequency axis


def test_keys_are_left_to_the_window(plot: SpectrogramPlot) -> None:
    event = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier)
    plot.keyPressEvent(event)
    assert not event.isAccepted()


def test_the_view_counts_from_its_origin_and_repeating_it_draws_no_axis(plot: SpectrogramPlot) -> None:
    ranges: list[object] = []
    plot._view_box.sigXRangeChanged.connect(lambda *_: ranges.append(None))
    plot.set_view(90.0, 100.0, 100.0, marks_edge=True)
    assert plot._view_box.viewRange()[0] == pytest.approx([-10, 0])
    n_changes = len(ranges)
    plot.set_view(91.0, 101.0, 101.0, marks_edge=True)
    assert len(ranges) == n_changes
    assert plot._picture.origin_s == 101.0


def test_times_are_labelled_by_what_the_axis_counts(plot: SpectrogramPlot) -> None:
    plot.set_time_labels(TimeLabels.IN_FILE)
    in_file = plot.time_label(65.0)
    plot.set_time_labels(TimeLabels.BEFORE_NOW)
    assert "1:05" in in_file
    assert plot.time_label(-5.0) != in_file


def test_a_cursor_is_shown_and_taken_away(plot: SpectrogramPlot) -> None:
    plot.moments.set_cursor(22.0)
    assert plot.moments.cursor.isVisible()
    assert plot.moments.cursor.value() == 22.0
    plot.moments.set_cursor(None)
    assert not plot.moments.cursor.isVisible()


def test_a_message_stays_in_the_middle_within_the_picture(plot: SpectrogramPlot) -> None:
    plot.set_message("No sound has arrived for quite some time, and this sentence is longer than a line. " * 3)
    assert plot._message.isVisible()
    place = plot._message.pos()
    assert (place.x(), place.y()) == (pytest.approx(25.0), pytest.approx(64.0))
    assert plot._message.boundingRect().width() <= plot._view_box.width()
    plot.set_view(40.0, 50.0, 0.0)
    plot.zoom_frequency(0.5, 0.0)
    plot.set_message("Short.")
    assert (plot._message.pos().x(), plot._message.pos().y()) == (pytest.approx(45.0), pytest.approx(32.0))
    plot.set_message("")
    assert not plot._message.isVisible()


def test_the_newest_edge_is_marked_in_the_accent_colour(plot: SpectrogramPlot) -> None:
    plot.apply_theme(DARK)
    history = ColumnHistory(4000)
    history.append(FrameRun(np.full((3000, 128), -15.9, np.float32), 0))
    plot.set_colours(np.full(256, 0xFF000000, np.uint32))
    plot.show_history(history, TimeLabels.BEFORE_NOW)

    def colours_at_the_edge(marks_edge: bool) -> set[str]:
        plot.set_view(20.0, 30.0, 30.0, marks_edge=marks_edge)
        QApplication.processEvents()
        area = plot.mapFromScene(plot._view_box.sceneBoundingRect()).boundingRect()
        image = plot.grab().toImage()
        return {image.pixelColor(x, area.center().y()).name() for x in range(area.right() - 5, area.right() + 1)}

    assert DARK.accent in colours_at_the_edge(marks_edge=True)
    assert DARK.accent not in colours_at_the_edge(marks_edge=False)
