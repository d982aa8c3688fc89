"""Moving about in a timeline: by windows, by pages, to its ends and back to live."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.spectrogram.timeline import Timeline, file_timeline, set_picture
from core.inference.file_picture import FilePicture
from tests.app.app_fakes import FakePicture, FakeTagger, scores


@pytest.fixture
def file(navigation: Navigation) -> Timeline:
    """Twenty seconds with four windows, on show."""
    timeline = file_timeline("a.wav", "Reading…")
    set_picture(timeline, FakePicture())
    timeline.use_labels(FakeTagger())
    assert timeline.scores is not None
    for window in range(4):
        timeline.scores.append(scores(500 * window, 500 * window + 500, {window: 0.9}))
    navigation.timeline = timeline
    return timeline


def test_the_cursor_steps_through_a_file_and_its_scores(navigation: Navigation, file: Timeline) -> None:
    navigation.step_cursor(-1)
    assert file.cursor_s == 12.5
    found = file.scores_in_view()
    assert found is not None
    assert int(found.probabilities.argmax()) == 2
    navigation.go_to_end()
    navigation.step_cursor(10)
    assert file.cursor_s == 17.5


def test_the_end_of_a_file_leads_back_to_live(navigation: Navigation, file: Timeline, qtbot: QtBot) -> None:
    with qtbot.waitSignal(navigation.live_wanted):
        navigation.go_to_end()


def test_pages_and_ends_of_the_live_sound(navigation: Navigation, live: LiveTimeline) -> None:
    moves: list[None] = []
    navigation.moved.connect(lambda: moves.append(None))
    navigation.page(-1)
    assert (live.view.left_s, live.view.right_s) == (10.0, 20.0)
    assert navigation.is_frozen
    navigation.go_to_start()
    assert live.view.left_s == 0.0
    navigation.go_to_end()
    assert live.view.is_following
    assert len(moves) == 3


def test_following_the_live_sound_again_takes_the_cursor_away(navigation: Navigation, live: LiveTimeline) -> None:
    navigation.set_cursor(25.0)
    assert live.cursor_s == 25.0
    assert navigation.is_frozen
    navigation.set_frozen(False)
    assert live.cursor_s is None
    assert not navigation.is_frozen


def test_the_cursor_stays_within_the_sound(navigation: Navigation, live: LiveTimeline) -> None:
    navigation.set_cursor(1e6)
    assert live.cursor_s == live.view.last_s
    navigation.set_cursor(-5.0)
    assert live.cursor_s == live.view.first_s


def test_it_goes_to_an_event_with_what_came_before(navigation: Navigation, live: LiveTimeline) -> None:
    navigation.go_to(5.0, 6.0)
    assert live.cursor_s == 5.0
    assert live.view.left_s < 4.0
    assert live.view.right_s >= 6.0
    left_s = live.view.left_s
    navigation.go_to(7.0, 8.0)
    assert (live.cursor_s, live.view.left_s) == (7.0, left_s), "what is in view stays where it is"
    navigation.go_to(0.0, 1.0)
    assert live.view.left_s == 0.0


def test_all_of_the_live_sound_is_shown_and_followed(navigation: Navigation, live: LiveTimeline) -> None:
    navigation.show_all()
    assert (live.view.left_s, live.view.right_s) == (live.view.first_s, live.view.last_s)
    assert not navigation.is_frozen


def test_going_to_an_event_that_would_be_a_line_shows_less_time(navigation: Navigation) -> None:
    long = file_timeline("a.wav", "Reading…")
    silence = np.zeros((6000, 8), np.float32)
    set_picture(long, FilePicture(silence, np.zeros(6000, bool), 0.6, 3600.0))
    navigation.timeline = long
    navigation.go_to(1800.0, 1801.0)
    assert long.view.span_s == pytest.approx(36.0)
    assert long.view.left_s < 1800.0 < 1801.0 < long.view.right_s
    navigation.go_to(100.0, 400.0)
    assert long.view.span_s == pytest.approx(36.0), "what is seen well enough changes no scale"
    navigation.show_all()
    assert (long.view.left_s, long.view.right_s) == pytest.approx((0.0, 3600.0))


def test_a_timeline_without_a_picture_stays_where_it_is(navigation: Navigation) -> None:
    empty = file_timeline("a.wav", "Reading…")
    navigation.timeline = empty
    moves: list[None] = []
    navigation.moved.connect(lambda: moves.append(None))
    navigation.zoom(0.5)
    navigation.set_cursor(3.0)
    assert empty.cursor_s is None
    assert moves == []


def test_the_live_picture_freezes_while_a_file_without_a_picture_is_on_show(
    navigation: Navigation, qtbot: QtBot
) -> None:
    file = file_timeline("a.wav", "Reading…")
    navigation.timeline = file
    with qtbot.waitSignal(navigation.moved):
        navigation.set_frozen(True)
    assert navigation.is_frozen
    assert file.view.is_following, "the file's own view stays as it is"
    with qtbot.waitSignal(navigation.moved):
        navigation.set_frozen(False)
    assert not navigation.is_frozen
