"""The live view: frame rows of the newest moment, two windows without a frame head, and events from both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.inference.events import ended_events, find_events
from core.inference.listener import Listener
from core.inference.live_tagging import LiveTagging, LiveWindow
from core.inference.live_view import FRAME_VIEW, TWO_WINDOWS, LiveView
from core.inference.results import EventChange, FrameScores, LiveUpdate, TagScores
from core.inference.tagger import load_tagger
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import ListSource, noise_blocks, telling_checkpoint, telling_tagger, tiny_tagger

LOUD = -4.0
"""The log-mel of frames in which the one label of the fakes sounds."""


@dataclass
class Rows:
    """A frame head that hears its one label in loud frames, row by row."""

    has_frame_head: bool = True
    live_view: LiveView = FRAME_VIEW
    window_frames: int = 1024
    pads_to_window: bool = False
    log_mel: LogMelConfig = field(default_factory=LogMelConfig)
    thresholds: NDArray[np.float32] = field(default_factory=lambda: np.array([0.3], np.float32))

    def tag_frames(self, frames: NDArray[np.float32], start_frame: int) -> FrameScores:
        rows = np.arange(-(-start_frame // 10), -(-(start_frame + len(frames)) // 10))
        loud = np.array([frames[max(0, 10 * row - start_frame) :][:10].mean() > LOUD - 1 for row in rows])
        return FrameScores(np.where(loud, 0.9, 0.01).astype(np.float32)[:, None], (rows + 0.5) / 10)

    def tokens_of(self, n_frames: int) -> tuple[int, int]:
        return n_frames, n_frames


@dataclass
class Shares(Rows):
    """A model without frame head whose probability grows with the share of loud frames, and that needs little."""

    has_frame_head: bool = False
    live_view: LiveView = TWO_WINDOWS

    def tag(self, frames: NDArray[np.float32], start_frame: int = 0, **options: object) -> TagScores:
        del options
        share = float((frames.mean(axis=1) > LOUD - 1).mean())
        return TagScores(np.array([min(0.95, 0.02 + 6 * share)], np.float32), start_frame, start_frame + len(frames))


def follow(tagger: Rows, frames: NDArray[np.float32]) -> tuple[list[TagScores], list[EventChange]]:
    """The scores and events of a stream of frames."""
    tagging = LiveTagging(tagger)  # type: ignore[arg-type]
    scores, changes = list[TagScores](), list[EventChange]()
    for end in range(tagging.view.hop, len(frames) + 1, tagging.view.hop):
        start = max(0, end - tagging.view.context)
        window = LiveWindow(frames[start:end], start, 0, 0.0)
        scores.append(tagging.tag(window))
        changes += tagging.track(window, scores[-1])
    return scores, changes + list(tagging.finish())


def sound_between(start_s: float, stop_s: float, length_s: float = 30.0) -> NDArray[np.float32]:
    """Soft frames, loud between two moments."""
    frames = np.full((round(length_s * 100), 128), -12.0, np.float32)
    frames[round(start_s * 100) : round(stop_s * 100)] = LOUD
    return frames


def test_with_a_frame_head_the_newest_rows_count_and_what_is_over_does_not() -> None:
    scores, changes = follow(Rows(), sound_between(12.0, 14.0))
    loud = [window.end_s for window in scores if window.probabilities[0] > 0.5]
    assert (loud[0], loud[-1]) == (12.25, 14.25)
    assert {round(window.end_s - window.start_s, 2) for window in scores[1:]} == {0.5}
    began, ended = changes
    assert began.onset_s == 12.0
    assert began.at_s == 12.25
    assert (ended.onset_s, ended.offset_s, ended.at_s) == (12.0, 14.0, 14.5)


def test_the_model_gets_its_context() -> None:
    tagger, frames = telling_tagger(), LogMel()(noise_blocks(4, block=64_000)[0].samples)
    scores = LiveTagging(tagger).tag(LiveWindow(frames[:375], 0, 0, 0.0))
    rows = tagger.tag_frames(frames[375 - 256 : 375], 375 - 256)
    newest = rows.probabilities[rows.times_s > 3.25]
    assert len(newest) == 5
    np.testing.assert_allclose(scores.probabilities, newest.max(axis=0), atol=1e-6)
    assert (scores.start_frame, scores.end_frame, scores.is_warming_up) == (325, 375, False)
    assert scores.tokens_in == 2 + 8 * 16


def test_without_a_frame_head_a_tag_still_ends_within_two_and_a_half_seconds() -> None:
    scores, changes = follow(Shares(), sound_between(12.0, 15.0))
    long_alone = Shares().tag(sound_between(12.0, 15.0)[2000 - 1024 : 2000]).probabilities[0]
    assert long_alone > 0.9, "the long window still holds it 5 s later"
    began, ended = changes
    assert 12.0 < began.at_s <= 13.0
    assert began.onset_s >= 11.5
    assert 15.0 <= ended.at_s <= 17.5
    assert max(window.probabilities[0] for window in scores if window.end_s >= 17.5) < 0.1


def test_a_short_window_that_hears_nothing_more_is_not_lifted_by_the_long_one() -> None:
    tagging = LiveTagging(Shares())  # type: ignore[arg-type]
    frames = sound_between(3.0, 9.0, 12.0)
    scores = tagging.tag(LiveWindow(frames[-1024:], 176, 0, 0.0))
    assert scores.probabilities[0] == pytest.approx(0.02)
    assert (scores.start_frame, scores.end_frame, scores.is_warming_up) == (176, 1200, False)


def test_only_the_short_window_is_taken_without_the_zero_frames_of_a_published_checkpoint() -> None:
    tagger, frames = tiny_tagger(pad_to_window=True), LogMel()(noise_blocks(4, block=64_000)[0].samples)
    scores = LiveTagging(tagger).tag(LiveWindow(frames, 0, 0, 0.0))
    long, short = tagger.tag(frames).probabilities, tiny_tagger().tag(frames[-200:]).probabilities
    lasts_from = TWO_WINDOWS.rules(tagger.thresholds).lasts_from
    both = np.sqrt(long * short)
    expected = np.where(short < lasts_from, np.minimum(both, short), both)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-6)
    assert scores.is_warming_up
    assert scores.tokens_in == 2 + 8 * 64


def test_after_a_long_gap_events_begin_anew() -> None:
    tagging = LiveTagging(Rows())  # type: ignore[arg-type]
    changes = list[EventChange]()
    for start in (0, 90_000):
        for end in (50, 75, 100):
            window = LiveWindow(np.full((end, 128), LOUD, np.float32), start, start, 0.0)
            changes += tagging.track(window, tagging.tag(window))
    changes += tagging.finish()
    spans = [(change.onset_s, change.offset_s, change.at_s) for change in changes]
    assert spans == [(0.0, None, 0.5), (0.0, 1.0, 900.5), (900.0, None, 900.5), (900.0, 901.0, 901.0)]


def test_windows_that_were_skipped_do_not_cut_an_event() -> None:
    tagging = LiveTagging(Rows())  # type: ignore[arg-type]
    changes = list[EventChange]()
    for end in (100, 125, 400, 425):
        window = LiveWindow(np.full((min(end, 256), 128), LOUD, np.float32), max(0, end - 256), 0, 0.0)
        changes += tagging.track(window, tagging.tag(window))
    assert [change.id for change in changes] == [1]


def _heard(blocks: list[AudioBlock], hop_s: float | None = None) -> LiveUpdate:
    """All that a listener that skips nothing tells of these blocks, in few updates."""
    tagger = telling_tagger()
    listener = Listener(ListSource(blocks), tagger=tagger, hop_s=hop_s, skips=False)
    listener.start()
    heard = LiveUpdate()
    while not heard.has_ended:
        update = listener.wait_update(20)
        assert update is not None
        heard = replace(update, scores=heard.scores + update.scores, events=heard.events + update.events)
    assert listener.stop()
    return heard


def _cut(samples: NDArray[np.float32], sizes: list[int]) -> list[AudioBlock]:
    """The samples in blocks of these sizes, over and over."""
    blocks, first = list[AudioBlock](), 0
    while first < len(samples):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(AudioBlock(samples[first : first + size], first, 16_000))
        first += size
    return blocks


def test_the_events_of_a_stream_are_those_of_its_whole_curve_whatever_the_blocks() -> None:
    rng = np.random.default_rng(3)
    swell = 10 ** (2 * np.sin(np.arange(20 * 16_000) / 16_000 * 2.1) - 2)
    samples = (rng.normal(0, 1, 20 * 16_000) * swell).astype(np.float32)
    heard = [_heard(_cut(samples, sizes)) for sizes in ([640], [20 * 16_000], [7, 48_000, 333], [100_000, 1])]
    curve = np.stack([window.probabilities for window in heard[0].scores])
    stops_s = np.array([window.end_s for window in heard[0].scores])
    assert stops_s.tolist() == [0.5 + 0.25 * i for i in range(len(stops_s))], "no window is skipped"
    whole = find_events(
        curve, np.concatenate([[0.0], stops_s[:-1]]), stops_s, FRAME_VIEW.rules(np.zeros(4, np.float32))
    )
    assert len(whole) >= 4, "a curve without events would prove nothing"
    for stream in heard:
        assert stream.status.skipped_windows == 0
        assert stream.events == heard[0].events
        assert [scores.probabilities.tolist() for scores in stream.scores] == curve.tolist()
        ended = ended_events(list(stream.events))
        assert sorted(ended, key=lambda event: (event.onset_s, event.label)) == whole


def test_another_hop_can_be_asked_for() -> None:
    heard = _heard(noise_blocks(3), hop_s=0.4)
    assert [window.end_frame for window in heard.scores] == [80, 120, 160, 200, 240, 280]
    assert telling_tagger().live_view == FRAME_VIEW
    assert tiny_tagger().live_view == TWO_WINDOWS


def test_a_model_that_is_swapped_out_ends_its_events() -> None:
    class Loud(Rows):
        def tag_frames(self, frames: NDArray[np.float32], start_frame: int) -> FrameScores:
            return super().tag_frames(np.full_like(frames, LOUD), start_frame)

    source = ListSource(noise_blocks(2), ends=False)
    listener = Listener(source, tagger=Loud(), skips=False)  # type: ignore[arg-type]
    listener.start()
    events = list[EventChange]()
    while not events:
        update = listener.wait_update(20)
        assert update is not None
        events += update.events
    listener.use_tagger(Loud())  # type: ignore[arg-type]
    while len(events) < 2:
        update = listener.wait_update(20)
        assert update is not None
        events += update.events
    assert listener.stop()
    assert [change.id for change in events[:2]] == [1, 1]
    assert events[1].offset_s is not None


@pytest.mark.parametrize(
    "values", [{"context_s": 11.0}, {"hop_s": 0.0}, {"newest_s": 3.0}, {"lasts_share": 1.5}, {"starts_from": -0.1}]
)
def test_a_view_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(UserError):
        replace(FRAME_VIEW, **values)
    assert LiveView(context_s=2.56, hop_s=0.25, newest_s=0.5).rules(np.array([0.31], np.float32)).starts_from == 0.31


def test_a_checkpoint_may_bring_a_view_of_its_own(tmp_path: Path) -> None:
    live = {"context_s": 4.0, "hop_s": 0.2, "starts_from": [0.4, 0.5, 0.6, 0.7], "joined_s": 1.0}
    save_checkpoint(telling_checkpoint(live=live), tmp_path / "m")
    tagger = load_tagger(str(tmp_path / "m"), device="cpu")
    assert tagger.live_view == replace(
        FRAME_VIEW, context_s=4.0, hop_s=0.2, joined_s=1.0, starts_from=(0.4, 0.5, 0.6, 0.7)
    )
    assert tagger.live_thresholds.tolist() == pytest.approx([0.4, 0.5, 0.6, 0.7])
    rules = tagger.live_view.rules(tagger.thresholds)
    assert rules.lasts_from.tolist() == pytest.approx([0.2, 0.25, 0.3, 0.35])


@pytest.mark.parametrize("live", [{"hop": 0.5}, {"hop_s": 99.0}, {"starts_from": [0.5]}, {"starts_from": ["high"] * 4}])
def test_a_checkpoint_with_a_view_that_cannot_be_is_refused(live: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        telling_tagger(live=live)


def test_a_change_of_pace_in_the_middle_of_an_event_keeps_it_open() -> None:
    frames = sound_between(12.0, 18.0)
    tagging = LiveTagging(Rows())  # type: ignore[arg-type]
    changes, end = list[EventChange](), 0
    for hop_s, until in ((0.25, 1400), (1.0, 1600), (0.25, 2600)):
        tagging = tagging.at_pace(Rows(), hop_s)  # type: ignore[arg-type]
        while end < until:
            end += tagging.view.hop
            start = max(0, end - tagging.view.context)
            window = LiveWindow(frames[start:end], start, 0, 0.0)
            changes += tagging.track(window, tagging.tag(window))
    began, ended = changes
    assert (began.id, ended.id) == (1, 1)
    assert (began.onset_s, ended.onset_s, ended.offset_s) == (12.0, 12.0, 18.0)
    assert tagging.next_id == 2


def test_with_a_longer_hop_nothing_between_two_windows_is_left_out() -> None:
    frames = sound_between(12.1, 12.6)
    tagging = LiveTagging(Rows(), hop_s=2.0)  # type: ignore[arg-type]
    heard = [
        tagging.tag(LiveWindow(frames[end - 256 : end], end - 256, 0, 0.0)).probabilities[0] > 0.5
        for end in range(400, 2000, 200)
    ]
    assert heard.count(True) == 1


def test_an_event_whose_last_row_was_of_another_hop_is_dated_back_by_that_hop() -> None:
    frames = sound_between(12.0, 14.0)
    tagging = LiveTagging(Rows())  # type: ignore[arg-type]
    changes = list[EventChange]()
    for end in (*range(25, 1426, 25), 1500, 1600):
        if end == 1500:
            tagging = tagging.at_pace(Rows(), 1.0)  # type: ignore[arg-type]
        start = max(0, end - tagging.view.context)
        window = LiveWindow(frames[start:end], start, 0, 0.0)
        changes += tagging.track(window, tagging.tag(window))
    assert changes[-1].offset_s == 14.0
