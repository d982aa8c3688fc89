"""The functions of core that the window uses, as one table that tests replace. They import torch only when called.

Every function here is called on a pool thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio.block import BlockTap
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.inference.events import EventRules
from core.inference.pacing.models import PaceWish
from core.inference.results import LiveUpdate, TagScores
from core.labels import LabelSet
from core.model.checkpoints.published import PublishedModel

if TYPE_CHECKING:
    from core.audio.playback.player import PlayableSound
    from core.heard.store import EventStore
    from core.model.store.download import DownloadProgress


class Tagger(Protocol):
    """What the window needs of a model; see `core.inference.tagger`."""

    name: str
    summary: str
    labels: LabelSet
    thresholds: NDArray[np.float32]
    live_thresholds: NDArray[np.float32]
    live_rules: EventRules
    weights_hash: str
    has_frame_head: bool

    def with_merge(self, merge: str) -> Tagger: ...
    def tokens_with(self, merge: str) -> tuple[int, int]: ...


class Listener(Protocol):
    """What the window needs of a running listener; see `core.inference.listener`."""

    def use_tagger(self, tagger: Any) -> None: ...
    def use_pace(self, pace: PaceWish) -> None: ...
    def call_when_tagged(self, callback: Callable[[], None]) -> None: ...
    def take_update(self) -> LiveUpdate | None: ...
    def stop(self, timeout_s: float = 1.5) -> bool: ...


class SoundPlayer(Protocol):
    """What the window needs of a sound that plays; see `core.audio.playback.player`."""

    @property
    def position_s(self) -> float: ...
    @property
    def is_over(self) -> bool: ...
    @property
    def failure(self) -> UserError | None: ...
    def stop(self) -> None: ...


class FilePicture(Protocol):
    """A whole file as log-mel columns `(n, mels)`; see `core.inference.file_picture`."""

    @property
    def columns(self) -> NDArray[np.float32]: ...
    @property
    def is_gap(self) -> NDArray[np.bool_]: ...
    @property
    def seconds_per_column(self) -> float: ...
    @property
    def duration_s(self) -> float: ...


class FilesInTurn(Protocol):
    """Files that are tagged; a context manager for one thread. See `core.inference.files.together`."""

    def __enter__(self) -> FilesInTurn: ...
    def __exit__(self, *error: object) -> None: ...
    def of(self, path: Path, on_progress: ProgressCall) -> Iterator[TagScores]:
        """Tag the next file, those before it are left out: window after window, or with a frame head rows of 100 ms,
        some seconds of them at a time. Raises the file's UserError."""
        ...


@dataclass(frozen=True, slots=True)
class FoundMedia:
    """The files to tag."""

    files: tuple[Path, ...]
    problems: tuple[tuple[Path, UserError], ...] = ()
    """Files and folders that cannot be read, each with the reason."""
    left_out: str = ""
    """A sentence that counts the files that are no media; empty where there are none."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model on this computer. is_kept: it was downloaded or imported, and is in the models folder."""

    name: str
    title: str
    summary: str
    is_kept: bool = False


ProgressCall = Callable[[float | None], None]
ReportCall = Callable[["DownloadProgress"], None]
StopQuestion = Callable[[], bool]
StopFileQuestion = Callable[[Path], bool]


def open_listener(choice: InputChoice, tagger: Any, tap: BlockTap | None = None) -> Listener:
    """Start a listener on an input. tap: gets each block of it. Raises UserError."""
    from core.audio.sources import SOURCES
    from core.inference.listener import Listener as CoreListener

    listener = CoreListener(SOURCES[choice.kind](choice.argument), tagger=tagger, tap=tap, pace=PaceWish())
    listener.start()
    return listener


def play_sound(sound: PlayableSound, speed: float) -> SoundPlayer:
    """Begin to play a sound on the default output. Raises UserError."""
    from core.audio.playback.player import SoundPlayer as CorePlayer

    return CorePlayer(sound, speed)


def load_tagger(model: str | None) -> Tagger:
    """Load the model with this name or path; None is the starter. Raises UserError."""
    from core.inference.tagger import load_tagger as load

    tagger = load(model)
    for shape in tagger.live_shapes:
        tagger.load_graph(shape)  # here, on a pool thread, and not when the first window waits for its tags
    return tagger


def tag_files(paths: Sequence[Path], tagger: Any, should_stop: StopFileQuestion) -> FilesInTurn:
    """Begin to tag files, windows of several together. should_stop: asked on other threads. Raises UserError."""
    if tagger.has_frame_head:
        from core.inference.frame_tagging import tag_files_as_windows

        return tag_files_as_windows(paths, tagger, should_stop=should_stop)
    from core.inference.file_tagging import tag_files as tag

    return tag(paths, tagger, tells_progress=True, should_stop=should_stop)


def file_picture(path: Path, should_stop: StopQuestion) -> FilePicture:
    """The file's spectrogram at the resolution of a screen. Raises UserError."""
    from core.inference.file_picture import file_picture as picture

    return picture(path, should_stop=should_stop)


def track_note(path: Path) -> str:
    """A note on which audio track of the file is used, mostly "". Raises UserError."""
    from core.audio.decoding.decode import track_note as note

    return note(path)


def find_media(paths: Sequence[Path]) -> FoundMedia:
    """Every audio or video file among paths and in folders."""
    from core.audio.decoding.decode import find_media as find

    found = find(paths)
    return FoundMedia(tuple(found.files), tuple(found.problems), found.others_in_words())


def list_models() -> tuple[ModelRow, ...]:
    """The model variants whose weights are on this computer, then the downloaded and imported models."""
    from core.model.store.folder import kept_models
    from core.model.variants import MODEL_VARIANTS

    shipped = (row for row in MODEL_VARIANTS.values() if row.weights is not None and Path(row.weights).exists())
    kept = (ModelRow(row.name, row.title, f"{row.summary}: {row.path}", is_kept=True) for row in kept_models())
    return (*(ModelRow(row.name, row.title, row.summary) for row in shipped), *kept)


def download_model(model: PublishedModel, report: ReportCall, should_stop: StopQuestion) -> Path:
    """Download a published model; returns its folder. Raises UserError, also when it was stopped."""
    from core.model.store.download import download_model as download

    return download(model, None, report, should_stop)


def arrived_bytes(model: PublishedModel) -> int:
    """How much of it an interrupted download has left."""
    from core.model.store.download import arrived_bytes as arrived

    return arrived(model)


def import_model(path: Path) -> Path:
    """Import a local checkpoint, as the command `models import` does; returns its folder. Raises UserError."""
    from core.model.store.importing import import_model as import_it

    return import_it(path)


def open_events() -> EventStore:
    """The store of what was heard, in the user's data. Raises UserError."""
    from core.heard.store import EventStore as CoreStore

    return CoreStore()


@dataclass(frozen=True, slots=True)
class CoreApi:
    """The functions above; tests replace them."""

    open_listener: Callable[[InputChoice, Any, BlockTap | None], Listener] = open_listener
    play_sound: Callable[[PlayableSound, float], SoundPlayer] = play_sound
    load_tagger: Callable[[str | None], Tagger] = load_tagger
    tag_files: Callable[[Sequence[Path], Any, StopFileQuestion], FilesInTurn] = tag_files
    file_picture: Callable[[Path, StopQuestion], FilePicture] = file_picture
    track_note: Callable[[Path], str] = track_note
    find_media: Callable[[Sequence[Path]], FoundMedia] = find_media
    list_models: Callable[[], tuple[ModelRow, ...]] = list_models
    download_model: Callable[[PublishedModel, ReportCall, StopQuestion], Path] = download_model
    arrived_bytes: Callable[[PublishedModel], int] = arrived_bytes
    import_model: Callable[[Path], Path] = import_model
    open_events: Callable[[], Any] = open_events
