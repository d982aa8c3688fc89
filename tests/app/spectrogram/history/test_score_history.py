"""Which window holds at which moment, live and in a file."""

from __future__ import annotations

import numpy as np

from app.spectrogram.history.score_history import ScoreHistory
from tests.app.app_fakes import NAMES, scores


def test_live_rows_hold_from_the_row_before_until_their_end() -> None:
    history = ScoreHistory(len(NAMES), is_live=True)
    for end in (100, 150, 200):
        history.append(scores(0, end, {0: end / 1000}))
    np.testing.assert_allclose(history.starts_s, [0, 1.0, 1.5])
    np.testing.assert_allclose(history.stops_s, [1.0, 1.5, 2.0])
    found = history.at(1.2)
    assert found is not None
    assert found.end_frame == 150


def test_a_live_row_never_speaks_for_what_it_did_not_hear() -> None:
    history = ScoreHistory(len(NAMES), is_live=True)
    history.append(scores(0, 1000))
    history.append(scores(3000, 4000))
    assert history.starts_s[1] == 30.0


def test_file_rows_hold_from_start_to_the_next_start() -> None:
    history = ScoreHistory(len(NAMES), is_live=False)
    for start in (0, 500, 1000):
        history.append(scores(start, start + 1024))
    np.testing.assert_allclose(history.starts_s, [0, 5, 10])
    np.testing.assert_allclose(history.stops_s, [5, 10, 20.24])


def test_a_files_row_never_speaks_for_a_hole() -> None:
    history = ScoreHistory(len(NAMES), is_live=False)
    history.append(scores(0, 1000, {0: 0.9}))
    history.append(scores(3000, 4000))
    np.testing.assert_allclose(history.stops_s, [10, 40])
    assert not history.peaks(12.0, 28.0).any()
    assert history.at(20.0) is None
    assert history.at(9.0) is not None
    assert history.at(45.0) is not None


def test_the_highest_of_a_stretch_is_each_labels_own() -> None:
    history = ScoreHistory(len(NAMES), is_live=False)
    for start, heard in ((0, {1: 0.9}), (500, {2: 0.4}), (1000, {1: 0.2, 2: 0.8})):
        history.append(scores(start, start + 500, heard))
    found = history.highest(0.0, 9.0)
    assert found is not None
    assert found.probabilities[1] == np.float32(0.9)
    assert found.probabilities[2] == np.float32(0.4)
    assert (found.start_frame, found.end_frame) == (0, 1000)
    assert history.highest(20.0, 30.0) is None


def test_before_the_first_window_nothing_is_known_and_after_the_last_it_still_holds() -> None:
    history = ScoreHistory(len(NAMES), is_live=False)
    history.append(scores(500, 1524))
    assert history.at(1.0) is None
    last = history.at(1e6)
    assert last is not None
    assert last.start_frame == 500


def test_a_full_track_forgets_the_oldest_rows_only() -> None:
    history = ScoreHistory(len(NAMES), is_live=True, capacity=100)
    for i in range(450):
        history.append(scores(0, 50 * (i + 1), {1: i / 450}))
    assert 75 <= len(history) <= 100
    assert history.stops_s[-1] == 225.0
    np.testing.assert_allclose(history.values(1)[-1], 449 / 450, atol=1e-3)
    assert np.all(np.diff(history.stops_s) > 0)


def test_peaks_look_only_at_what_is_in_view() -> None:
    history = ScoreHistory(len(NAMES), is_live=False)
    for window, heard in enumerate(({0: 0.9}, {1: 0.5}, {2: 0.7})):
        history.append(scores(500 * window, 500 * window + 500, heard))
    peaks = history.peaks(5.5, 9.0)
    assert np.flatnonzero(peaks).tolist() == [1]
    assert not history.peaks(100.0, 200.0).any()


def test_going_back_in_time_begins_anew() -> None:
    history = ScoreHistory(len(NAMES), is_live=True)
    history.append(scores(0, 5000))
    history.append(scores(0, 100))
    assert len(history) == 1


def test_the_same_window_is_found_as_the_same_object_with_all_it_had() -> None:
    history = ScoreHistory(len(NAMES), is_live=True)
    given = scores(0, 100, {0: 0.3}, is_warming_up=True, latency_ms=12.0)
    history.append(given)
    history.append(scores(0, 200, {0: 0.7}))
    found = history.at(0.5)
    assert found is not None
    assert found is history.at(0.6)
    np.testing.assert_array_equal(found.probabilities, given.probabilities)
    assert (found.is_warming_up, found.latency_ms, found.end_frame) == (True, 12.0, 100)
    assert history.at(1.5) is not found


def test_what_was_found_does_not_change_when_old_rows_are_dropped() -> None:
    history = ScoreHistory(len(NAMES), is_live=True, capacity=64)
    for i in range(64):
        history.append(scores(0, 50 * (i + 1), {0: i / 64}))
    found = history.at(10.0)
    assert found is not None
    before = found.probabilities.copy()
    for i in range(64, 100):
        history.append(scores(0, 50 * (i + 1), {0: 1.0}))
    np.testing.assert_array_equal(found.probabilities, before)


def test_rows_of_the_past_are_forgotten_once_they_are_many() -> None:
    history = ScoreHistory(len(NAMES), is_live=True)
    for i in range(200):
        history.append(scores(0, 100 * (i + 1), {0: i / 200}))
    history.forget_before(50.0)
    assert len(history) == 200, "fewer than 64 rows are not worth the work"
    history.forget_before(150.0)
    assert (len(history), history.stops_s[0]) == (51, 150.0)
    found = history.at(199.5)
    assert found is not None
    assert found.probabilities[0] == np.float32(199 / 200)
