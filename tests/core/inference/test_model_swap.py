"""A model swapped in under a running stream: no window is named by the wrong model, and the stream goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.audio.block import AudioBlock
from core.inference.listener import Listener
from core.inference.results import LiveUpdate, TagScores
from fakes import ListSource, noise_blocks, tiny_tagger
from rig.waiting import PATIENCE_S


class GatedTagger:
    """A real tagger that answers only when told to."""

    def __init__(self) -> None:
        self._tagger = tiny_tagger()
        self.window_frames, self.log_mel = self._tagger.window_frames, self._tagger.log_mel
        self.has_frame_head, self.thresholds = False, self._tagger.thresholds
        self.live_view, self.pads_to_window = self._tagger.live_view, False
        self.began, self.may_answer, self.answered = threading.Event(), threading.Event(), threading.Event()

    def tag(self, *args: object, **options: object) -> TagScores:
        self.began.set()
        assert self.may_answer.wait(PATIENCE_S)
        scores = self._tagger.tag(*args, **options)  # type: ignore[arg-type]
        self.answered.set()
        return scores


class FedSource(ListSource):
    """Gives a block for each that a test lets through."""

    def __init__(self, blocks: list[AudioBlock]) -> None:
        super().__init__(blocks, ends=False)
        self._let_through = threading.Semaphore(0)

    def feed(self, n_blocks: int) -> None:
        self._let_through.release(n_blocks)

    def read(self, timeout_s: float) -> AudioBlock | None:
        return super().read(timeout_s) if self._let_through.acquire(timeout=timeout_s) else None


def test_scores_of_a_model_that_was_swapped_out_meanwhile_never_come() -> None:
    old, source = GatedTagger(), FedSource(noise_blocks(10, block=8000))
    listener = Listener(source, tagger=old)  # type: ignore[arg-type]
    listener.start()
    source.feed(3)
    assert old.began.wait(PATIENCE_S)
    listener.use_tagger(tiny_tagger())
    before = listener.take_update()
    assert before is None or not before.scores
    old.may_answer.set()
    assert old.answered.wait(PATIENCE_S)
    source.feed(4)
    scores: list[TagScores] = []
    while not scores:
        update = listener.wait_update(20)
        assert update is not None
        scores += update.scores
    assert listener.stop()
    assert min(window.end_frame for window in scores) >= 150, "the window of the old model ended at 100"


class WaitingSource(ListSource):
    """Holds back its last blocks until something has happened."""

    def __init__(self, blocks: list[AudioBlock], n_held: int, happened: threading.Event) -> None:
        super().__init__(blocks)
        self._n_held, self._happened = n_held, happened

    def read(self, timeout_s: float) -> AudioBlock | None:
        if len(self._blocks) == self._n_held and not self._happened.wait(timeout_s):
            return None
        return super().read(timeout_s)


def test_a_model_can_be_swapped_in_while_listening() -> None:
    swapped = threading.Event()
    listener = Listener(WaitingSource(noise_blocks(4, block=8000), 4, swapped))
    listener.start()
    listener.use_tagger(tiny_tagger())
    swapped.set()
    heard = _until_end(listener)
    assert heard[-1].has_ended
    assert any(update.scores for update in heard)
    listener.stop()


def test_after_a_crash_another_model_goes_on() -> None:
    class Broken(GatedTagger):
        def tag(self, *_args: object, **_options: object) -> TagScores:
            raise RuntimeError("out of memory")

    has_failed = threading.Event()
    source = WaitingSource(noise_blocks(5, block=8000), 3, has_failed)
    listener = Listener(source, tagger=Broken())  # type: ignore[arg-type]
    listener.start()
    heard = _until(listener, lambda update: update.failure is not None)
    assert not any(update.scores for update in heard)
    listener.use_tagger(tiny_tagger())
    has_failed.set()
    assert any(update.scores for update in _until_end(listener))
    listener.stop()


def _until(listener: Listener, is_it: Callable[[LiveUpdate], bool]) -> list[LiveUpdate]:
    heard: list[LiveUpdate] = []
    deadline = time.monotonic() + PATIENCE_S
    while not (heard and is_it(heard[-1])):
        assert time.monotonic() < deadline
        update = listener.wait_update(0.5)
        if update is not None:
            heard.append(update)
    return heard


def _until_end(listener: Listener) -> list[LiveUpdate]:
    return _until(listener, lambda update: update.has_ended)
