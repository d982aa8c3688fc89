"""Boxes stand where their events are, grow while these last, and can be clicked and hidden."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.spectrogram.boxes.painting import MOST_BOXES
from app.spectrogram.history.event_history import EventHistory, TimelineEvent
from app.spectrogram.plot import SpectrogramPlot
from app.style.theme import DARK, class_colour


@pytest.fixture
def plot(qtbot: QtBot) -> SpectrogramPlot:
    made = SpectrogramPlot(lambda stream_s: stream_s)
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    qtbot.waitExposed(made)
    made.set_view(20.0, 30.0, 0.0)
    QApplication.processEvents()
    return made


def _show(plot: SpectrogramPlot, *events: TimelineEvent, now_s: float = 30.0) -> EventHistory:
    history = EventHistory()
    for event in events:
        if event.offset_s is None:
            history._open[event.label_id] = event
        else:
            history.add((event,))
    plot.boxes.show_events(history, {}, 0.0, now_s)
    plot.grab()
    return history


def _names(plot: SpectrogramPlot) -> list[str]:
    return [event.name for _, event in plot.boxes.plates]


def _event(onset_s: float, offset_s: float | None, name: str = "Dog") -> TimelineEvent:
    return TimelineEvent(name.lower(), name, onset_s, offset_s)


def _is_painted(plot: SpectrogramPlot, time_s: float, name: str) -> bool:
    """Whether the colour of a class is painted at a moment, halfway up the picture."""
    area = plot.mapFromScene(plot._view_box.sceneBoundingRect()).boundingRect()
    image = plot.grab().toImage()
    x = round(area.left() + (time_s - 20.0) / 10.0 * area.width())
    colour = class_colour(name, DARK)
    found = [image.pixelColor(x + shift, area.center().y()) for shift in (-2, -1, 0, 1, 2)]
    return any(abs(one.hueF() - colour.hueF()) < 0.03 and one.saturationF() > 0.1 for one in found)


def _click(plot: SpectrogramPlot, place: QPoint) -> None:
    """As the window system would: what is not accepted goes on to the parent."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, held in ((QMouseEvent.Type.MouseButtonPress, left), (QMouseEvent.Type.MouseButtonRelease, none)):
        where = (QPointF(place), QPointF(plot.viewport().mapToGlobal(place)))
        QApplication.sendEvent(plot.viewport(), QMouseEvent(kind, *where, left, held, Qt.KeyboardModifier.NoModifier))


def test_a_box_stands_from_onset_to_offset(plot: SpectrogramPlot) -> None:
    _show(plot, _event(23.0, 26.0))
    assert _names(plot) == ["Dog"]
    assert _is_painted(plot, 23.0, "Dog")
    assert _is_painted(plot, 26.0, "Dog")
    assert not _is_painted(plot, 24.5, "Dog")


def test_only_what_is_in_view_is_painted(plot: SpectrogramPlot) -> None:
    _show(plot, _event(1.0, 2.0, "Cat"), _event(23.0, 26.0), _event(31.0, 32.0, "Cow"))
    assert _names(plot) == ["Dog"]


def test_an_open_box_grows_with_the_sound(plot: SpectrogramPlot) -> None:
    history = _show(plot, _event(23.0, None), now_s=25.0)
    assert _is_painted(plot, 25.0, "Dog")
    plot.boxes.show_events(history, {}, 0.0, 28.0)
    assert not _is_painted(plot, 25.0, "Dog")
    assert _is_painted(plot, 28.0, "Dog")


def test_names_of_sounds_at_once_stand_below_each_other(plot: SpectrogramPlot) -> None:
    _show(plot, _event(22.0, 28.0), _event(22.5, 27.0, "Rain"), _event(28.5, 29.0, "Cow"))
    tops = {event.name: plate.top() for plate, event in plot.boxes.plates}
    assert tops["Rain"] > tops["Dog"] == tops["Cow"]
    plates = [plate for plate, _ in plot.boxes.plates]
    assert not any(one.intersects(other) for i, one in enumerate(plates) for other in plates[i + 1 :])


def test_the_name_of_a_box_that_reaches_out_of_view_stays_in_view(plot: SpectrogramPlot) -> None:
    _show(plot, _event(5.0, 27.0))
    ((plate, _),) = plot.boxes.plates
    assert plate.left() == pytest.approx(plot.boxes.boundingRect().left())


def test_the_name_of_a_box_that_has_just_begun_is_whole(plot: SpectrogramPlot) -> None:
    _show(plot, _event(29.8, None, "Emergency vehicle"))
    ((plate, _),) = plot.boxes.plates
    assert plate.right() == pytest.approx(plot.boxes.boundingRect().right())
    _show(plot, _event(29.0, 29.7, "Dog"), _event(29.8, None, "Emergency vehicle"))
    (dog, _), (vehicle, _) = plot.boxes.plates
    assert not dog.intersects(vehicle)


def test_a_click_on_a_name_says_which_event(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    _show(plot, _event(23.0, 26.0))
    ((plate, event),) = plot.boxes.plates
    place = plot.mapFromScene(plot._view_box.mapToScene(plate.center()))
    with qtbot.waitSignal(plot.box_clicked) as clicked:
        _click(plot, place)
    assert clicked.args == [event]
    below = plot.mapFromScene(plot._view_box.mapToScene(QPointF(plate.center().x(), plate.bottom() + 100)))
    with qtbot.waitSignal(plot.clicked), qtbot.assertNotEmitted(plot.box_clicked):
        _click(plot, below)


def test_hidden_boxes_are_not_painted_and_take_no_clicks(plot: SpectrogramPlot) -> None:
    _show(plot, _event(23.0, 26.0))
    plot.boxes.is_shown = False
    assert not _is_painted(plot, 23.0, "Dog")
    assert plot.boxes.plates == []


def test_a_box_with_frequencies_has_their_height(plot: SpectrogramPlot) -> None:
    _show(plot, TimelineEvent("dog", "Dog", 23.0, 26.0, low_hz=4000.0, high_hz=8000.0))
    assert not _is_painted(plot, 23.0, "Dog"), "halfway up the picture is below it"


def test_boxes_below_the_words_of_markers(plot: SpectrogramPlot) -> None:
    history = _show(plot, _event(23.0, 26.0))
    above = plot.boxes.plates[0][0].top()
    plot.set_markers(((22.0, "Started"),))
    plot.boxes.show_events(history, {}, 0.0, 30.0)
    plot.grab()
    assert plot.boxes.plates[0][0].top() > above


def test_of_too_many_boxes_the_longest_are_painted(plot: SpectrogramPlot) -> None:
    short = [_event(20.0 + i * 0.02, 20.01 + i * 0.02, "Tick") for i in range(MOST_BOXES)]
    long = [_event(20.0 + i * 0.1, 20.05 + i * 0.1) for i in range(50)]
    history = _show(plot, *short, *long, _event(29.0, None, "Cat"))
    assert len(history.between(20.0, 30.0)) == MOST_BOXES + 51
    painted = plot.boxes._in_view(20.0, 30.0)
    assert len(painted) == MOST_BOXES
    assert [event for event in painted if event.name == "Dog"] == long
    assert painted[-1].name == "Cat"
    assert [event.onset_s for event in painted] == sorted(event.onset_s for event in painted)
