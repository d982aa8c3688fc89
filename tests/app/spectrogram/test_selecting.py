"""Selecting a stretch with mouse and keys, what is drawn of it, and the moment that is heard."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.spectrogram.panel import SpectrogramPanel
from app.spectrogram.plot import SpectrogramPlot
from app.style.appearance import Appearance
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from app.tags.pins import Pins


@pytest.fixture(autouse=True)
def every_move_of_the_mouse_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyqtgraph takes a hundred a second, and a test moves faster."""
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", -1)


@pytest.fixture
def panel(
    live: LiveTimeline,
    navigation: Navigation,
    appearance: Appearance,
    pins: Pins,
    parents: ShownParents,
    muted: MutedClasses,
    qtbot: QtBot,
) -> SpectrogramPanel:
    made = SpectrogramPanel(live, appearance, pins, parents, muted)
    qtbot.addWidget(made)
    made.connect_navigation(navigation)
    made.resize(800, 500)
    made.show()
    qtbot.waitExposed(made)
    QApplication.processEvents()
    return made


def at(plot: SpectrogramPlot, share: float) -> QPoint:
    area = plot.mapFromScene(plot._view_box.sceneBoundingRect()).boundingRect()
    return QPoint(round(area.left() + share * area.width()), area.center().y())


def drag(
    plot: SpectrogramPlot, shares: tuple[float, ...], modifier: Qt.KeyboardModifier, *, is_released: bool = True
) -> None:
    """Press at the first share of the width, move over the others, and release."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QMouseEvent.Type.MouseButtonPress, shares[0], left, left)]
    steps += [(QMouseEvent.Type.MouseMove, share, none, left) for share in shares[1:]]
    steps += [(QMouseEvent.Type.MouseButtonRelease, shares[-1], left, none)] if is_released else []
    for kind, share, button, held in steps:
        place = at(plot, share)
        where = QPointF(place), QPointF(plot.viewport().mapToGlobal(place))
        QApplication.sendEvent(plot.viewport(), QMouseEvent(kind, *where, button, held, modifier))


SHIFT, NONE = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier


@pytest.mark.parametrize("shares", [(0.25, 0.5, 0.75), (0.75, 0.4, 0.25)])
def test_shift_and_drag_selects_and_holds_the_picture(
    panel: SpectrogramPanel, live: LiveTimeline, shares: tuple[float, ...]
) -> None:
    assert live.view.is_following
    drag(panel.plot, shares, SHIFT)
    assert live.stretch_s == pytest.approx((22.5, 27.5), abs=0.05)
    assert not live.view.is_following
    assert panel.plot.moments.stretch.isVisible()
    assert panel.plot.moments.stretch.getRegion() == pytest.approx(live.stretch_s)
    assert live.view.right_s == 30.0, "it did not scroll"


def test_a_drag_in_the_stretch_takes_it_along_and_one_beside_it_scrolls(
    panel: SpectrogramPanel, live: LiveTimeline, navigation: Navigation, qtbot: QtBot
) -> None:
    navigation.select(24.0, 26.0)
    with qtbot.waitSignal(panel.plot.pressed_in_stretch):
        drag(panel.plot, (0.5, 0.6, 0.7), NONE)
    assert live.view.right_s == 30.0
    with qtbot.assertNotEmitted(panel.plot.pressed_in_stretch):
        drag(panel.plot, (0.1, 0.2, 0.3), NONE)
    assert live.view.right_s < 30.0


def test_after_a_drag_out_of_the_window_the_next_one_begins_anew(
    panel: SpectrogramPanel, live: LiveTimeline, navigation: Navigation
) -> None:
    """The system takes the release of a drag that leaves the window."""
    navigation.select(24.0, 26.0)
    drag(panel.plot, (0.5, 0.6), NONE, is_released=False)
    drag(panel.plot, (0.1, 0.15, 0.2), SHIFT)
    assert live.stretch_s == pytest.approx((21.0, 22.0), abs=0.05)


def test_a_stretch_is_selected_with_keys(navigation: Navigation, live: LiveTimeline) -> None:
    navigation.set_cursor(25.0)
    navigation.extend_stretch(1)
    assert live.stretch_s == pytest.approx((25.0, 25.2))
    navigation.extend_stretch(10)
    assert live.stretch_s == pytest.approx((25.0, 27.2))
    navigation.extend_stretch(-50)
    assert live.stretch_s is not None
    assert live.stretch_s[1] > live.stretch_s[0] == 25.0
    navigation.select_view()
    assert live.stretch_s == (20.0, 30.0)
    navigation.clear_stretch()
    assert live.stretch_s is None


def test_a_stretch_stays_within_the_sound_and_a_slip_of_the_hand_is_none(
    navigation: Navigation, live: LiveTimeline
) -> None:
    navigation.select(-5.0, 99.0)
    assert live.stretch_s == (0.0, 30.0)
    navigation.select(25.0, 25.001)
    assert live.stretch_s is None


def test_what_is_heard_is_marked_and_kept_in_view(
    panel: SpectrogramPanel, live: LiveTimeline, navigation: Navigation
) -> None:
    navigation.set_cursor(25.0)
    navigation.show_playing(live, 26.0)
    assert panel.plot.moments.playing.isVisible()
    assert panel.plot.moments.playing.value() == 26.0
    assert panel.lanes._playing_s == 26.0
    navigation.show_playing(live, 12.0)
    assert live.view.left_s == pytest.approx(12.0)
    navigation.show_playing(live, None)
    assert not panel.plot.moments.playing.isVisible()


def test_playing_a_timeline_that_is_not_on_show_moves_nothing(navigation: Navigation, live: LiveTimeline) -> None:
    other = LiveTimeline()
    moves: list[None] = []
    navigation.moved.connect(lambda: moves.append(None))
    navigation.show_playing(other, 3.0)
    assert other.playing_s == 3.0
    assert moves == []
    assert live.view.is_following


def test_a_menu_is_asked_for_with_mouse_and_keyboard(panel: SpectrogramPanel, qtbot: QtBot) -> None:
    plot, reason = panel.plot, QContextMenuEvent.Reason
    for widget, why in ((plot.viewport(), reason.Mouse), (plot, reason.Keyboard)):
        event = QContextMenuEvent(why, QPoint(100, 100), QPoint(300, 300))
        with qtbot.waitSignal(plot.menu_wanted) as wanted:
            QApplication.sendEvent(widget, event)
        assert wanted.args == [QPoint(300, 300)]
