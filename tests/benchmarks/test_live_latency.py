"""From a sound to its tag on the screen: onsets in a stream, and the frames that show them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.live_latency import Followed, FollowedSource, Onset, Painting, figures_of
from core.audio.block import AudioBlock
from fakes import ListSource

RATE = 1000
QUIET = frozenset[int]()


def followed_of(samples: np.ndarray, block: int = 70, latency_s: float = 0.25) -> Followed:
    blocks = [AudioBlock(samples[i : i + block].astype(np.float32), i, RATE) for i in range(0, len(samples), block)]
    followed, source = Followed(), ListSource(blocks)
    source.latency_s = latency_s
    reader = FollowedSource(source, followed)
    for _ in blocks:
        assert reader.read(0.0) is not None
    return followed


def test_an_onset_is_loud_after_a_long_quiet() -> None:
    samples = np.full(10_000, 1e-4)
    samples[2_010:3_500] = 0.1
    samples[3_600:4_000] = 0.1
    samples[6_000:7_000] = 0.1
    now_s = time.monotonic()
    followed = followed_of(samples)
    assert [onset.at_s for onset in followed.onsets] == [2.01, 6.0]
    # The block with the onset ends at 2.03, and sounded a quarter of a second before it was read.
    assert followed.onsets[0].moment_s == pytest.approx(now_s - 0.25 - 0.02, abs=0.2)
    assert followed.blocks[-1][0] == 10.0


def a_minute() -> Followed:
    """Two sounds at 10 and 20 s of a stream that began at 100 s of the clock; windows every second."""
    followed = Followed(onsets=[Onset(10.0, 110.0), Onset(20.0, 120.0)])
    followed.blocks = [(0.0, 100.0), (60.0, 160.0)]
    followed.input_latencies_s = [0.1, 0.1]
    followed.windows = [(end_s, 100.2 + end_s) for end_s in map(float, range(1, 60))]
    for end_s, _ in followed.windows:
        heard = frozenset({3}) if 12 <= end_s < 14 else QUIET
        followed.paintings.append(Painting(100.3 + end_s, end_s, heard))
    return followed


def test_times_are_from_a_sound_or_a_window_to_what_is_painted() -> None:
    figures = figures_of(a_minute(), 0.0)
    assert (figures["sounds"], figures["sounds_without_a_tag"]) == (2, 1)
    assert figures["sound_to_tag_ms"] == {"median": 2300, "p95": 2300, "longest": 2300}
    assert figures["sound_to_screen_ms"]["median"] == 1300, "the window at 10 s has none of it"
    assert figures["window_to_scores_ms"]["p95"] == 200
    assert figures["window_to_screen_ms"]["longest"] == 300
    assert figures["input_latency_ms"]["median"] == 100


def test_what_came_before_does_not_count_and_nothing_gives_no_figure() -> None:
    figures = figures_of(a_minute(), 15.0)
    assert (figures["sounds"], figures["sounds_without_a_tag"], figures["sound_to_tag_ms"]) == (1, 1, {})
    late = a_minute()
    late.paintings = late.paintings[:5]
    assert figures_of(late, 10.0)["window_to_screen_ms"] == {}
    late.paintings = []
    assert figures_of(late, 0.0)["sound_to_screen_ms"] == {}


def test_a_class_that_was_there_before_is_no_answer_to_a_sound() -> None:
    followed = a_minute()
    followed.paintings = [Painting(one.painted_s, one.shown_s, one.heard | {7}) for one in followed.paintings]
    assert figures_of(followed, 0.0)["sound_to_tag_ms"]["median"] == 2300
