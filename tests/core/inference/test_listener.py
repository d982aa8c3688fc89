"""The live engine: true lengths from the first second, newest first, gaps kept, every end clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.inference.listener import Listener
from core.inference.live_tagging import LiveWindow, tag_two_windows
from core.inference.live_view import TWO_WINDOWS
from core.inference.results import LiveUpdate, TagScores, merge_updates
from fakes import ListSource, noise_blocks, tiny_tagger
from rig.waiting import PATIENCE_S


def listen(listener: Listener, until: Callable[[LiveUpdate], bool] = lambda update: update.has_ended) -> LiveUpdate:
    """Start, gather updates until `until` holds for what was gathered, stop."""
    listener.start()
    gathered = LiveUpdate()
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        update = listener.wait_update(0.5)
        if update is not None:
            gathered = merge_updates([gathered, update])
            if until(gathered):
                break
    else:
        pytest.fail("the listener did not get there in 30 s")
    assert listener.stop()
    return gathered


class SteppedSource(ListSource):
    """Gives the next block only once the tagger has answered for the last one: no window is ever late."""

    def __init__(self, blocks: list[AudioBlock], tagger: CountingTagger) -> None:
        super().__init__(blocks)
        self._tagger, self._n_read = tagger, 0

    def read(self, timeout_s: float) -> AudioBlock | None:
        # a block is half a second; 25 ms of the first second are still missing when the second block is in
        n_due = max(0, self._n_read - 2)
        if not self._tagger.answered.wait_for(lambda: self._tagger.n_answered >= n_due, timeout=timeout_s):
            return None
        self._n_read += 1
        return super().read(timeout_s)


class CountingTagger:
    """A real tagger that lets others wait for its answers."""

    def __init__(self) -> None:
        self._tagger = tiny_tagger()
        self.window_frames, self.log_mel = self._tagger.window_frames, self._tagger.log_mel
        self.has_frame_head, self.thresholds = False, self._tagger.thresholds
        self.live_view, self.pads_to_window = self._tagger.live_view, False
        self.n_answered = 0
        self._condition = threading.Condition()
        self.answered = self

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        with self._condition:
            return self._condition.wait_for(predicate, timeout)

    def tag(self, *args: object, **options: object) -> TagScores:
        scores = self._tagger.tag(*args, **options)  # type: ignore[arg-type]
        with self._condition:
            # a window of over 2 s is tagged twice, the second time at its end alone
            self.n_answered += "at_true_length" not in options
            self._condition.notify_all()
        return scores


def test_windows_grow_from_one_second_to_the_models_window() -> None:
    tagger = CountingTagger()
    source = SteppedSource(noise_blocks(13, block=8000), tagger)
    heard = listen(Listener(source, tagger=tagger))  # type: ignore[arg-type]
    spans = [(window.start_frame, window.end_frame) for window in heard.scores]
    assert spans[:4] == [(0, 100), (0, 150), (0, 200), (0, 250)]
    assert [end for _, end in spans] == list(range(100, 1251, 50))
    assert all(start == max(0, end - 1024) for start, end in spans)
    assert [window.is_warming_up for window in heard.scores] == [end < 1024 for _, end in spans]
    assert (heard.status.skipped_windows, heard.status.windows) == (0, len(spans))
    assert all(window.latency_ms > 0 for window in heard.scores)
    assert (heard.has_ended, heard.failure) == (True, None)


def test_each_time_scores_are_ready_it_calls_back() -> None:
    tagger = CountingTagger()
    listener = Listener(SteppedSource(noise_blocks(4, block=8000), tagger), tagger=tagger)  # type: ignore[arg-type]
    taken: list[TagScores] = []

    def take() -> None:
        update = listener.take_update()
        taken.extend(update.scores if update else ())

    listener.call_when_tagged(take)
    listener.start()
    listener._inference_thread.join(30)
    assert not listener._inference_thread.is_alive()
    assert [scores.end_frame for scores in taken] == list(range(100, 351, 50))


def test_live_frames_and_scores_equal_those_of_the_file() -> None:
    blocks = noise_blocks(4, block=777)
    tagger = tiny_tagger()
    heard = listen(Listener(ListSource(blocks), tagger=tagger))
    frames = np.concatenate([run.frames for run in heard.runs])
    whole = LogMel()(np.concatenate([block.samples for block in blocks]))
    assert np.array_equal(frames, whole)
    assert heard.runs[0].first_frame == 0
    for scores in heard.scores:
        frames = whole[scores.start_frame : scores.end_frame]
        expected = tag_two_windows(tagger, TWO_WINDOWS, LiveWindow(frames, scores.start_frame, 0, 0.0))
        np.testing.assert_allclose(scores.probabilities, expected.probabilities, atol=1e-6)


def test_late_windows_are_skipped_newest_first_and_counted() -> None:
    entered, all_read = threading.Event(), threading.Event()

    class Held(CountingTagger):
        def tag(self, *args: object, **options: object) -> TagScores:
            entered.set()
            all_read.wait(PATIENCE_S)
            return super().tag(*args, **options)

    class Hasty(ListSource):
        def read(self, timeout_s: float) -> AudioBlock | None:
            if len(self._blocks) == 21:  # the first window is due: let the model begin with it
                assert entered.wait(PATIENCE_S)
            if not self._blocks:
                all_read.set()
            return super().read(timeout_s)

    heard = listen(Listener(Hasty(noise_blocks(12, block=8000)), tagger=Held()))  # type: ignore[arg-type]
    assert [window.end_frame for window in heard.scores] == [100, 1150]
    assert heard.status.skipped_windows == 20  # due at 1.0, 1.5, … 11.5 s: 22


def test_one_burst_counts_the_windows_it_jumps_over() -> None:
    [burst] = noise_blocks(6, block=6 * 16_000)
    heard = listen(Listener(ListSource([burst]), tagger=tiny_tagger()))
    assert [window.end_frame for window in heard.scores] == [550]
    assert heard.status.skipped_windows == 9  # 1.0 to 5.0 s


def test_a_short_gap_is_filled_and_marked() -> None:
    blocks = noise_blocks(2) + noise_blocks(2, first=3 * 16_000)
    heard = listen(Listener(ListSource(blocks), tagger=tiny_tagger()))
    gaps = [run for run in heard.runs if run.is_gap]
    assert sum(len(run.frames) for run in gaps) == 100
    assert [run.first_frame for run in heard.runs] == list(
        np.cumsum([0, *(len(run.frames) for run in heard.runs[:-1])])
    )
    assert heard.runs[-1].first_frame + len(heard.runs[-1].frames) == 498


def test_after_a_long_gap_the_stream_begins_anew_at_its_time() -> None:
    blocks = noise_blocks(3) + noise_blocks(3, first=3600 * 16_000 + 70)
    heard = listen(Listener(ListSource(blocks), tagger=tiny_tagger()))
    after = [run for run in heard.runs if run.first_frame > 1000]
    assert after[0].first_frame == 360_000
    assert not any(run.is_gap for run in heard.runs)
    late = [window for window in heard.scores if window.start_frame > 1000]
    assert late
    assert all(window.start_frame >= 360_000 and window.is_warming_up for window in late)
    assert max(window.end_frame - window.start_frame for window in late) <= 298


def test_frames_flow_before_there_is_a_model() -> None:
    source = ListSource(noise_blocks(2), ends=False)
    listener = Listener(source)
    heard = listen(listener, until=lambda update: sum(len(run.frames) for run in update.runs) == 198)
    assert heard.scores == ()
    assert heard.level.rms_dbfs == pytest.approx(-20, abs=1)
    assert heard.status.skipped_windows == 0


def test_a_source_that_cannot_open_says_why() -> None:
    source = ListSource([], fails=UserError("The microphone is gone.", "Plug it in."))
    heard = listen(Listener(source, tagger=tiny_tagger()))
    assert str(heard.failure).startswith("The microphone is gone.")


def test_trouble_of_the_source_is_passed_on() -> None:
    source = ListSource(noise_blocks(1), ends=False)
    source.trouble = UserError("Only silence arrives.", "Unmute it.")
    heard = listen(Listener(source), until=lambda update: update.trouble is not None)
    assert str(heard.trouble) == "Only silence arrives. Unmute it."


def test_a_crash_in_the_model_is_told_and_the_picture_goes_on() -> None:
    class Broken:
        window_frames = 1024
        log_mel = LogMelConfig()
        has_frame_head = False
        live_view, pads_to_window = TWO_WINDOWS, False
        thresholds = np.full(4, 0.5, np.float32)

        def tag(self, *_args: object, **_options: object) -> TagScores:
            raise RuntimeError("out of memory")

    listener = Listener(ListSource(noise_blocks(5)), tagger=Broken())  # type: ignore[arg-type]
    heard = listen(listener)
    assert heard.failure is not None
    assert "out of memory" in heard.failure.problem
    assert sum(len(run.frames) for run in heard.runs) == 498


def test_stop_closes_the_source_and_is_harmless_twice() -> None:
    source = ListSource(noise_blocks(1), ends=False)
    listener = Listener(source, tagger=tiny_tagger())
    listen(listener, until=lambda update: bool(update.runs))
    assert not source.is_open
    assert listener.stop()
    assert Listener(source).stop()  # never started


def test_a_source_that_hangs_does_not_hold_the_caller() -> None:
    entered, release = threading.Event(), threading.Event()

    class Frozen(ListSource):
        def read(self, timeout_s: float) -> None:
            entered.set()
            release.wait(PATIENCE_S)

    listener = Listener(Frozen([]))
    listener.start()
    assert entered.wait(PATIENCE_S)
    assert not listener.stop(timeout_s=0.2)
    assert not release.is_set(), "it came back while the source still hung"
    release.set()
    assert listener.stop(timeout_s=PATIENCE_S)


def test_when_nobody_draws_the_oldest_pictures_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.listener._MOST_UPDATES", 10)
    listener = Listener(ListSource(noise_blocks(4)), tagger=tiny_tagger())
    listener.start()
    for thread in (listener._capture_thread, listener._inference_thread):
        thread.join(timeout=PATIENCE_S)
    update = listener.take_update()
    assert update is not None
    assert update.has_ended
    assert update.runs[-1].first_frame + len(update.runs[-1].frames) == 398
    assert update.runs[0].first_frame > 0
    assert listener.take_update() is None


@pytest.mark.parametrize("hop_s", [0.0, 11.0, -1.0])
def test_impossible_hops_are_refused(hop_s: float) -> None:
    with pytest.raises(UserError):
        Listener(ListSource([]), hop_s=hop_s)


def test_a_stream_under_a_second_is_one_window() -> None:
    heard = listen(Listener(ListSource(noise_blocks(0.6)), tagger=tiny_tagger()))
    assert [(window.start_frame, window.end_frame, window.is_warming_up) for window in heard.scores] == [(0, 58, True)]


def test_a_model_of_other_frames_is_refused() -> None:
    other = tiny_tagger(log_mel=LogMelConfig(window="hamming"))
    with pytest.raises(UserError, match="another log-mel front end"):
        Listener(ListSource([]), tagger=other)
    Listener(ListSource([]), tagger=tiny_tagger(log_mel=LogMelConfig(mean=-3.0, std=2.0)))


def test_a_source_that_cannot_close_still_ends_the_stream() -> None:
    class Stuck(ListSource):
        def close(self) -> None:
            raise RuntimeError("busy")

    heard = listen(Listener(Stuck(noise_blocks(2)), tagger=tiny_tagger()))
    assert "busy" in str(heard.failure)


def test_windows_and_skipped_add_up_when_a_slow_model_is_stopped() -> None:
    entered, release = threading.Event(), threading.Event()

    class Slow(CountingTagger):
        def tag(self, *args: object, **options: object) -> TagScores:
            entered.set()
            release.wait(PATIENCE_S)
            return super().tag(*args, **options)

    blocks = noise_blocks(4, block=8000)
    source = ListSource(blocks, ends=False)
    listener = Listener(source, tagger=Slow())  # type: ignore[arg-type]
    listener.start()
    assert entered.wait(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while source._blocks and time.monotonic() < deadline:
        listener.wait_update(0.1)
    assert not listener.stop(timeout_s=0.1)
    release.set()
    assert listener.stop(timeout_s=PATIENCE_S)
    update = listener.take_update()
    assert update is not None
    assert update.status.windows == 1
    assert update.status.windows + update.status.skipped_windows == 6  # due at 1.0 to 3.5 s
