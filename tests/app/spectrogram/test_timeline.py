"""The timeline of a file: what is in view, and which scores belong to it."""

from __future__ import annotations

import numpy as np

from app.spectrogram.timeline import file_timeline, set_picture
from tests.app.app_fakes import FakePicture, FakeTagger, scores


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


def test_in_a_file_the_thresholds_say_what_is_detected() -> None:
    assert file_timeline("a.wav", "").sounding is None
