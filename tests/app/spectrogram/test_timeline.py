"""Timelines: what is in view, which input it came from, and which scores belong to it."""

from __future__ import annotations

import numpy as np
import pytest

from app.spectrogram.timeline import LiveTimeline, file_timeline, set_picture
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import FakePicture, FakeTagger, noise, scores


def _live(source: str = "USB Mic") -> LiveTimeline:
    live = LiveTimeline()
    live.source, live.is_listening = source, True
    live.use_labels(FakeTagger())
    return live


def _append(live: LiveTimeline, first_frame: int, frames: int, *windows: tuple[int, int]) -> None:
    live.append(
        LiveUpdate((noise(frames, first_frame),), tuple(scores(*window, {0: 0.9}) for window in windows)), 1000.0
    )
    live.advance(0.0)


def test_the_caption_says_whether_it_is_live_and_where_the_sound_came_from() -> None:
    live = _live()
    _append(live, 0, 300)
    assert live.caption == "Live: USB Mic"
    live.is_growing = False
    assert live.caption == "No sound: USB Mic"
    live.view.hold()
    assert live.caption == "Frozen: USB Mic"
    live.is_listening = False
    assert live.caption == "Stopped: USB Mic"


def test_both_inputs_in_view_are_named_from_the_left() -> None:
    live = _live("Mic A")
    _append(live, 0, 300)
    live.source = "Mic B"
    _append(live, 300, 200)
    live.view.hold()
    assert live.sources_in_view() == ["Mic A", "Mic B"]
    live.view.span_s = 1.0
    assert live.sources_in_view() == ["Mic B"]


def test_before_any_sound_the_title_is_the_caption() -> None:
    live = _live()
    live.view.hold()
    assert live.caption == live.title


def _state(live: LiveTimeline, source: str = "USB Mic", *, listens: bool = True, opens: bool = False) -> None:
    live.show_state(source, is_listening=listens, is_growing=listens, is_opening=opens)


def test_sound_survives_stop_and_start_and_each_change_is_marked() -> None:
    live = LiveTimeline()
    for is_listening in (False, True):
        _state(live, listens=is_listening)
    _append(live, 0, 300)
    assert live.markers == (), "nothing came before the first sound"
    _state(live, listens=False)
    live.view.hold()
    live.cursor_s = 1.0
    _state(live, listens=False, opens=True)
    _state(live)
    assert (live.cursor_s, live.view.is_following) == (None, True)
    _append(live, 1000, 300)
    _append(live, 1300, 300)
    assert live.markers == ((3.0, "Stopped"), (10.0, "Started"))
    assert live.history is not None
    assert live.history.first == 0
    _state(live, listens=False)
    _state(live, "Mic B")
    _append(live, 1700, 10)
    assert live.markers[2:] == ((16.0, "Stopped"), (17.0, "Started: Mic B"))


def test_a_change_of_input_is_marked_once_and_is_no_stop() -> None:
    live = LiveTimeline()
    _state(live)
    _append(live, 0, 300)
    _state(live, listens=False, opens=True)
    _state(live, "Mic B")
    _append(live, 400, 10)
    _append(live, 410, 10)
    assert live.markers == ((4.0, "Input: Mic B"),)


def test_a_change_of_model_is_marked_and_other_tokens_are_not() -> None:
    live = _live()
    _append(live, 0, 300)
    live.use_labels(FakeTagger())
    live.use_labels(FakeTagger("Birds", ("wren", "owl")))
    assert live.markers == ((3.0, "Model: Birds"),)


def test_markers_go_with_the_sound_that_they_mark() -> None:
    live = LiveTimeline()
    _state(live)
    _append(live, 0, 300)
    _state(live, "Mic B")
    _append(live, 300, 10)
    assert live.history is not None
    live.history.append(noise(60_000, 310))
    _state(live, "Mic C")
    _append(live, 60_310, 10)
    assert [text for _, text in live.markers] == ["Input: Mic C"]


def test_scores_of_other_labels_are_deleted_and_of_the_same_labels_kept() -> None:
    live = _live()
    _append(live, 0, 300, (0, 200))
    live.use_labels(FakeTagger("Another model of the same classes"))
    assert live.scores is not None
    assert len(live.scores) == 1
    live.use_labels(FakeTagger("Birds", ("wren", "owl")))
    assert len(live.scores) == 0
    _append(live, 300, 10, (0, 310))
    assert len(live.scores) == 0, "late scores of the model before"


def test_in_a_gap_there_are_no_scores() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    _append(live, 500, 100, (200, 600))
    live.cursor_s = 4.0
    assert live.scores_in_view() is None
    live.cursor_s = 5.5
    assert live.scores_in_view() is not None


def test_the_wall_clock_follows_the_stream() -> None:
    live = _live()
    _append(live, 0, 300)
    assert live.wall_clock_s(3.0) == pytest.approx(1000.0)
    assert live.wall_clock_s(1.0) == pytest.approx(998.0)


def test_a_file_shows_all_of_its_picture_and_the_highest_scores_in_view() -> None:
    timeline = file_timeline("a.wav", "Reading…")
    assert timeline.message
    set_picture(timeline, FakePicture())
    assert timeline.message == ""
    assert (timeline.view.left_s, timeline.view.right_s) == (0.0, 20.0)
    timeline.use_labels(FakeTagger())
    assert timeline.scores is not None
    for window in range(2):
        timeline.scores.append(scores(1000 * window, 1000 * window + 1000, {window: 0.9}))
    found = timeline.scores_in_view()
    assert found is not None
    np.testing.assert_allclose(found.probabilities[:3], [0.9, 0.9, 0.0])
    timeline.cursor_s = 15.0
    found = timeline.scores_in_view()
    assert found is not None
    assert found.probabilities[0] == 0.0


def test_live_classes_are_detected_while_their_event_is_open_and_later_at_its_moments() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    assert live.sounding == {}, "a high probability alone is no event"
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 1.5),)), 1000.0)
    assert set(live.sounding) == {4}
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 3.0, offset_s=2.5),)), 1000.0)
    assert live.sounding == {}
    live.cursor_s = 2.0
    assert set(live.sounding) == {4}
    live.use_labels(FakeTagger(labels=("car", "bus")))
    assert live.sounding == {}, "labels of another model are other classes"


def test_what_the_end_of_listening_cut_off_is_the_last_that_was_detected() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 1.5), EventChange(1, 4, 1.0, 0.9, 3.0, 3.0))), 1000.0)
    live.is_listening = False
    assert set(live.sounding) == {4}


def test_in_a_file_the_thresholds_say_what_is_detected() -> None:
    assert file_timeline("a.wav", "").sounding is None
