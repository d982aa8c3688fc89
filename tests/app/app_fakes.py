"""A core without torch, sound or files: listeners, a tagger and file functions with known answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.runtime.core_api import CoreApi, FoundMedia, ModelRow, ProgressCall, StopFileQuestion, StopQuestion
from core.audio.block import BlockTap
from core.audio.input_choice import InputChoice
from core.audio.playback.output import Fill
from core.audio.playback.player import PlayableSound, SoundPlayer
from core.errors import UserError
from core.inference.events import EventRules
from core.inference.frame_rows import window_of
from core.inference.pacing.models import PaceWish
from core.inference.results import FrameRun, FrameScores, Level, LiveStatus, LiveUpdate, TagScores
from core.labels import LabelSet
from rig.waiting import PATIENCE_S
from tests.app.event_fakes import MemoryStore
from tests.app.model_fakes import FakeHub
from tests.core.audio.playback.outputs import HandOutput

NAMES = ("dog", "rain", "siren", "cat", "cow", "hen", "frog", "clock_tick", "train", "wind", "sea", "pig", "bee", "owl")


class FakeTagger:
    """Fourteen labels, threshold 0.5."""

    def __init__(self, name: str = "Starter", labels: Sequence[str] = NAMES) -> None:
        self.name = name
        self.summary = f"fake, {len(labels)} classes"
        self.labels = LabelSet.from_ids(labels)
        self.thresholds = np.full(len(labels), 0.5, np.float32)
        self.live_thresholds = self.thresholds
        self.live_rules = EventRules(self.thresholds, self.thresholds / np.float32(2))
        self.weights_hash = f"hash of {name}"
        self.has_frame_head = False
        self.merge = "auto"

    def with_merge(self, merge: str) -> FakeTagger:
        """Itself where nothing changes, so that tests can ask whether it is in use."""
        if merge == self.merge:
            return self
        other = copy(self)
        other.merge = merge
        return other

    def tokens_with(self, merge: str) -> tuple[int, int]:
        """Four layers of 98 tokens, saved without merging."""
        amount = merge.rpartition(":")[2]
        return 98, max(2, 98 - 4 * (int(amount) if amount.isdecimal() else 0))


class FakeListener:
    """Gives the updates that a test puts into it."""

    def __init__(self, choice: InputChoice, tagger: Any, tap: BlockTap | None = None) -> None:
        self.choice, self.taggers, self.tap = choice, [tagger], tap
        self.paces: list[PaceWish] = []
        self.updates: list[LiveUpdate] = []
        self.stopped = threading.Event()
        self.may_stop = threading.Event()
        self.may_stop.set()
        self.stop_thread = ""

    def use_tagger(self, tagger: Any) -> None:
        self.taggers.append(tagger)

    def use_pace(self, pace: PaceWish) -> None:
        self.paces.append(pace)

    def call_when_tagged(self, callback: Callable[[], None]) -> None:
        self.when_tagged = callback

    def take_update(self) -> LiveUpdate | None:
        return self.updates.pop(0) if self.updates else None

    def stop(self, timeout_s: float = 1.5) -> bool:
        self.stop_thread = threading.current_thread().name
        self.stopped.set()
        _refuse_gui_thread(unless=self.may_stop)
        # As PortAudio while the sound server hangs: no time limit of ours moves it.
        return self.may_stop.wait(PATIENCE_S)

    def hear(self, first_frame: int = 0, frames: int = 10, **more: Any) -> None:
        """Put frames, and what else an update has, into the queue."""
        self.updates.append(LiveUpdate((noise(frames, first_frame),), **more))


class FakePicture:
    """Twenty seconds, half a second a column."""

    columns: NDArray[np.float32] = np.linspace(-15, 5, 40 * 128, dtype=np.float32).reshape(40, 128)
    is_gap: NDArray[np.bool_] = np.zeros(40, bool)
    seconds_per_column = 0.5
    duration_s = 20.0


class FakeCore:
    """The answers of core, and what was asked."""

    def __init__(self) -> None:
        self.listeners: list[FakeListener] = []
        self.opened: list[InputChoice] = []
        self.refused: dict[InputChoice, UserError] = {}
        self.hidden: set[InputChoice] = set()
        """Not found while another listener runs."""
        self.models: dict[str | None, FakeTagger] = {None: FakeTagger(), "starter": FakeTagger()}
        self.bad_files: dict[str, UserError] = {}
        self.notes: dict[str, str] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.model_gate = threading.Event()
        self.model_gate.set()
        self.tagged: list[str] = []
        self.windows_a_file = 4
        self.hub = FakeHub()
        self.events = MemoryStore()
        self.outputs: list[HandOutput] = []
        """Of each sound that was played, the first one first."""
        self.no_speakers: UserError | None = None

    def api(self) -> CoreApi:
        return CoreApi(
            open_listener=self._open,
            play_sound=self._play,
            load_tagger=self._load,
            tag_files=one_by_one(self.tag),
            file_picture=self._picture,
            track_note=lambda path: self.notes.get(path.name, ""),
            find_media=_find,
            list_models=lambda: (
                ModelRow("starter", "Starter", "fake"),
                ModelRow("other", "Other", "also fake"),
                *self.hub.kept,
            ),
            download_model=self.hub.download,
            arrived_bytes=self.hub.arrived_bytes,
            import_model=self.hub.import_model,
            open_events=lambda: self.events,
        )

    def let_go(self) -> None:
        """Open every gate, so that no job waits for ever."""
        self.gate.set()
        self.model_gate.set()
        self.hub.gate.set()
        for listener in self.listeners:
            listener.may_stop.set()

    def _open(self, choice: InputChoice, tagger: Any, tap: BlockTap | None) -> FakeListener:
        _refuse_gui_thread()
        self.opened.append(choice)
        if choice in self.refused:
            raise self.refused[choice]
        if choice in self.hidden and not all(listener.stopped.is_set() for listener in self.listeners):
            raise UserError(f"{choice.title} is not there.", "Plug it in.")
        listener = FakeListener(choice, tagger, tap)
        self.listeners.append(listener)
        return listener

    def _play(self, sound: PlayableSound, speed: float) -> SoundPlayer:
        _refuse_gui_thread()
        if self.no_speakers is not None:
            raise self.no_speakers

        def open_device(rate: int, fill: Fill) -> HandOutput:
            self.outputs.append(HandOutput(rate, fill))
            return self.outputs[-1]

        return SoundPlayer(sound, speed, open_device)

    def _load(self, model: str | None) -> FakeTagger:
        assert self.model_gate.wait(PATIENCE_S)
        if model not in self.models:
            raise UserError(f"There is no model {model}.", "Choose another.")
        return self.models[model]

    def tag(
        self, path: Path, tagger: FakeTagger, on_progress: ProgressCall, should_stop: StopQuestion
    ) -> Iterator[TagScores]:
        self.tagged.append(path.name)
        if path.name in self.bad_files:
            raise self.bad_files[path.name]
        for window in range(self.windows_a_file):
            on_progress(window / self.windows_a_file)
            while not self.gate.wait(0.01):
                if should_stop():
                    return
            if should_stop():
                return
            if tagger.has_frame_head:
                yield self._rows(window, tagger)
                continue
            yield scores(500 * window, 500 * window + 1024, {window % len(tagger.labels): 0.9}, len(tagger.labels))

    def _rows(self, window: int, tagger: FakeTagger) -> TagScores:
        """Five seconds in rows of 100 ms; the class whose turn it is sounds from the second to the third of them."""
        values = np.zeros((50, len(tagger.labels)), np.float32)
        values[20:30, window % len(tagger.labels)] = 0.9
        times_s = 5.0 * window + 0.05 + 0.1 * np.arange(50, dtype=np.float64)
        return window_of(FrameScores(values, times_s))

    def _picture(self, path: Path, should_stop: StopQuestion) -> FakePicture:
        if path.name in self.bad_files:
            raise self.bad_files[path.name]
        return FakePicture()


Tag = Callable[[Path, Any, ProgressCall, StopQuestion], Iterator[TagScores]]
"""Tags one file."""


class OneByOne:
    """Files that are tagged one after the other, none read ahead."""

    def __init__(self, tag: Tag, tagger: Any, should_stop: StopFileQuestion) -> None:
        self._tag, self._tagger, self._should_stop = tag, tagger, should_stop

    def __enter__(self) -> OneByOne:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def of(self, path: Path, on_progress: ProgressCall) -> Iterator[TagScores]:
        return self._tag(path, self._tagger, on_progress, partial(self._should_stop, path))


def one_by_one(tag: Tag) -> Callable[[Sequence[Path], Any, StopFileQuestion], OneByOne]:
    """A `tag_files` of core that calls `tag` for each file."""
    return lambda _paths, tagger, should_stop: OneByOne(tag, tagger, should_stop)


def _refuse_gui_thread(unless: threading.Event | None = None) -> None:
    """What may hang for as long as the sound server does must not be called where the window is drawn."""
    if unless is None or not unless.is_set():
        assert threading.current_thread() is not threading.main_thread(), "the window would hang here"


def _find(paths: Sequence[Path]) -> FoundMedia:
    missing = [path for path in paths if "missing" in path.name]
    problems = tuple((path, UserError(f"{path.name} is not there.", "Choose another.")) for path in missing)
    return FoundMedia(tuple(path for path in paths if path not in missing), problems)


def noise(frames: int = 10, first_frame: int = 0, *, is_gap: bool = False) -> FrameRun:
    """Frames at about -20 dB."""
    values = np.random.default_rng(first_frame).normal(-4.6, 1.0, (frames, 128)).astype(np.float32)
    return FrameRun(values, first_frame, is_gap)


def scores(
    start: int = 0, end: int = 1024, heard: dict[int, float] | None = None, labels: int = len(NAMES), **more: Any
) -> TagScores:
    """Zero for every label but those in `heard`."""
    probabilities = np.zeros(labels, np.float32)
    for label, probability in (heard or {}).items():
        probabilities[label] = probability
    return TagScores(probabilities, start, end, **more)


def level(rms_dbfs: float, *, clipped: bool = False) -> Level:
    """A level whose peak is 6 dB above."""
    return Level(rms_dbfs, rms_dbfs + 6, clipped)


STATUS = LiveStatus(windows=9, skipped_windows=1, dropped_blocks=2, real_time_factor=12.3, sound_to_screen_ms=312.0)
