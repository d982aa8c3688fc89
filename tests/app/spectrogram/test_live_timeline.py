"""Timelines: what is in view, which input it came from, and which scores belong to it."""

from __future__ import annotations

import numpy as np
import pytest

from app.spectrogram.live_timeline import LiveTimeline
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import FakeTagger, noise, scores


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
    assert live.columns.first == 0
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
    live.append(LiveUpdate((noise(60_000, 310),)), 1000.0)
    _state(live, "Mic C")
    _append(live, 60_310, 10)
    assert [text for _, text in live.markers] == ["Input: Mic C"]


def test_scores_stay_with_the_model_that_they_came_from() -> None:
    live = _live()
    _append(live, 0, 300, (0, 200))
    live.use_labels(FakeTagger())
    assert len(live.models) == 1, "the same model with other tokens"
    live.use_labels(FakeTagger("Birds", ("wren", "owl")))
    assert [(model.model, len(model.scores)) for model in live.models] == [("Starter", 1), ("Birds", 0)]
    _append(live, 300, 10, (0, 310))
    assert not live.scores, "late scores of the model before"
    live.append(LiveUpdate((noise(100, 310),), (scores(300, 400, {1: 0.7}, 2),)), 1000.0)
    live.advance(0.0)
    found = live.scores_in_view()
    assert found is not None
    assert found.probabilities.tolist() == pytest.approx([0.0, 0.7])
    live.cursor_s = 1.5
    found, shown = live.scores_in_view(), live.shown_model
    assert found is not None
    assert shown is not None
    assert (shown.model, len(found.probabilities)) == ("Starter", 14)
    np.testing.assert_allclose(live.windows_s(), [[0.0, 2.0], [3.0, 4.0]])


def test_models_and_events_of_forgotten_sound_are_forgotten() -> None:
    live = _live()
    _append(live, 0, 300, (0, 200))
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 1.5, offset_s=2.0),)), 1000.0)
    live.use_labels(FakeTagger("Birds", ("wren", "owl")))
    _append(live, 300, 60_300)
    assert [model.model for model in live.models] == ["Birds"]
    assert len(live.events) == 0
    live.keep(1)
    assert live.columns.start_s == pytest.approx(546.0)


def test_what_was_heard_before_a_pause_says_nothing_about_now() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    assert live.scores_in_view() is not None
    _append(live, 6000, 50)
    assert live.scores_in_view() is None
    live.cursor_s = 2.0
    assert live.scores_in_view() is not None


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


def test_live_classes_are_detected_while_their_event_is_open_and_later_at_its_moments() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    assert live.sounding == {}, "a high probability alone is no event"
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 1.5),)), 1000.0)
    assert live.sounding == {4: 2.0}
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 3.0, offset_s=2.5),)), 1000.0)
    assert live.sounding == {}
    live.cursor_s = 2.0
    assert live.sounding == {4: 1.0}
    live.use_labels(FakeTagger("Other", ("hen", "cow")))
    assert live.sounding == {4: 1.0}, "the cursor is at a moment of the model before"
    live.cursor_s = None
    assert live.sounding == {}


def test_what_the_end_of_listening_cut_off_is_the_last_that_was_detected() -> None:
    live = _live()
    _append(live, 0, 300, (0, 300))
    live.append(LiveUpdate(events=(EventChange(1, 4, 1.0, 0.9, 1.5), EventChange(1, 4, 1.0, 0.9, 3.0, 3.0))), 1000.0)
    live.is_listening = False
    assert set(live.sounding) == {4}
