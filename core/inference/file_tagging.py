"""Tags whole files, window by window, in constant memory: one thread reads what the model is asked about next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.audio.decoding.decode import decode_blocks, duration_s
from core.audio.decoding.file_clock import LONGEST_FILLED_GAP_S
from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import LogMelConfig
from core.errors import UsageError, UserError
from core.inference.files.reading_ahead import ProgressRead, Put, WindowRead
from core.inference.files.together import Answered, Progress, TaggedFiles, Together
from core.inference.live_frames import LiveFrames
from core.inference.results import FrameRun, TagScores

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

ShouldStop = Callable[[], bool]
ShouldStopFile = Callable[[Path], bool]
USUAL_HOP_S = 5.0
_BLOCK_S = 1.0
"""Sound that is decoded at once, and for which progress is told: in larger blocks each second costs less."""


def tag_file(
    path: Path | str,
    tagger: Tagger,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Generator[TagScores]:
    """Scores of windows at 0, hop, 2 hops, … until every frame is covered; times are on the file's clock. The last one
    ends where the file does, and is as long as the others if the file is.

    Gaps of up to 10.24 s in the file's timestamps are filled with silence; after a longer gap, windows start again.

    window_s: up to 30.72 s, None for the window that the model was made for. hop_s: None for 5 s, or the window.
    on_progress: called with the share done, or None if the file does not state its length. Raises UserError for a
    file that cannot be read; for a truncated one, after the windows of what could be read.
    """
    path = Path(path)
    read = WindowReader(
        tagger.log_mel, *lengths_for(tagger, window_s, hop_s), on_progress is not None, any_file(should_stop)
    )
    with TaggedFiles(Together([path], read, tagger.tag_many, tagger.at_once), _scores_in) as files:
        for scores in files.of(path, on_progress):
            yield scores
            if should_stop is not None and should_stop():
                return


def tag_files(
    paths: Sequence[Path],
    tagger: Tagger,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    tells_progress: bool = False,
    should_stop: ShouldStopFile | None = None,
) -> TaggedFiles[TagScores]:
    """Several files, whose windows go through the model together; of each what `tag_file` gives.

    tells_progress: whether `of` can tell the progress of a file. should_stop: asked while a file is read, on another
    thread; the file then ends where it is. Raises UsageError for impossible lengths.
    """
    read = WindowReader(tagger.log_mel, *lengths_for(tagger, window_s, hop_s), tells_progress, should_stop)
    return TaggedFiles(Together(paths, read, tagger.tag_many, tagger.at_once), _scores_in)


def _scores_in(windows: Iterator[Answered[TagScores]]) -> Iterator[TagScores]:
    return (window.answer for window in windows)


@dataclass(frozen=True, slots=True)
class WindowReader:
    """Reads a file as windows of log-mel for `Together`; raises UserError as `tag_file` does."""

    config: LogMelConfig
    window: int
    """Frames of a window."""
    hop: int
    """Frames from one to the next."""
    tells_progress: bool = False
    """Whether how far it has been read is told too."""
    should_stop: ShouldStopFile | None = None
    """Asked on the reading thread."""

    def __call__(self, path: Path, put: Put) -> None:
        def tell(share: float | None) -> None:
            put(ProgressRead(share))

        damage: list[UserError] = []
        should_stop = None if self.should_stop is None else partial(self.should_stop, path)
        runs = decode_frames(path, self.config, damage, tell if self.tells_progress else None, should_stop)
        for start, frames in windows_of(runs, self.window, self.hop):
            if not put(WindowRead(start, frames)):
                return
        if damage:
            raise damage[0]


def any_file(should_stop: ShouldStop | None) -> ShouldStopFile | None:
    """A question that does not depend on the file, as one that is asked of each."""
    return None if should_stop is None else lambda _: should_stop()


def lengths_for(tagger: Tagger, window_s: float | None, hop_s: float | None) -> tuple[int, int]:
    """Window and hop of `tag_file`, in frames. Raises UsageError for impossible lengths."""
    window_s = tagger.window_frames / FRAMES_PER_SECOND if window_s is None else window_s
    return frames_of(window_s, min(USUAL_HOP_S, window_s) if hop_s is None else hop_s, tagger.longest_frames)


def frames_of(window_s: float, hop_s: float, most_frames: int) -> tuple[int, int]:
    """Window and hop in frames. Raises UsageError for impossible lengths."""
    window, hop = round(window_s * FRAMES_PER_SECOND), round(hop_s * FRAMES_PER_SECOND)
    longest_s = most_frames / FRAMES_PER_SECOND
    if not 16 <= window <= most_frames:
        raise UsageError(f"The window cannot be {window_s:g} s.", f"Use 0.16 to {longest_s:g} s.")
    if not 1 <= hop <= window:
        raise UsageError(
            f"A hop of {hop_s:g} s would leave gaps between windows of {window_s:g} s.",
            f"Use a hop of 0.01 to {window_s:g} s.",
        )
    return window, hop


def windows_of(runs: Iterable[FrameRun], window: int, hop: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Windows as `slice_windows` cuts them, `(first frame, frames)`, on the clock of the runs.

    After a gap too long to be filled they start again, at the frame where the sound returns; a window that contains
    only filled-in silence is left out. Keeps at most two windows and one run in memory.
    """
    upcoming = iter(runs)
    run = next(upcoming, None)
    while run is not None:
        stretch = _Stretch(run, upcoming)
        for start, frames in slice_windows(stretch.parts(), window, hop):
            if stretch.has_sound(start, start + len(frames)):
                yield stretch.first_frame + start, frames
        run = stretch.next_run


class _Stretch:
    """Consecutive runs, up to the next jump; then `next_run` is the first one after it."""

    def __init__(self, first: FrameRun, upcoming: Iterator[FrameRun]) -> None:
        self.first_frame = first.first_frame
        self.next_run: FrameRun | None = first
        self._upcoming = upcoming
        self._gaps: deque[tuple[int, int]] = deque()

    def parts(self) -> Iterator[NDArray[np.float32]]:
        end = self.first_frame
        while self.next_run is not None and self.next_run.first_frame == end:
            run, start = self.next_run, end - self.first_frame
            end += len(run.frames)
            if run.is_gap:
                self._gaps.append((start, end - self.first_frame))
            yield run.frames
            self.next_run = next(self._upcoming, None)

    def has_sound(self, start: int, stop: int) -> bool:
        """Whether frames `[start, stop)` of this stretch are not all filled in; call it in order of `start`."""
        while self._gaps and self._gaps[0][1] <= start:
            self._gaps.popleft()
        return not self._gaps or not (self._gaps[0][0] <= start and stop <= self._gaps[0][1])


def slice_windows(
    parts: Iterable[NDArray[np.float32]], window: int, hop: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Cut frames that arrive in parts of any size into windows; yields `(first frame, frames)`.

    Windows start at 0, hop, 2 hops, …; the last one ends with the last frame, and for that it may start before its
    turn: all are `window` frames long, a size that graphs are made for, unless there are fewer frames than that. Every
    frame is covered, and no window lies within the one before. Keeps at most two windows and one part in memory.
    """
    held = np.zeros((0, 0), np.float32)
    first, upcoming, covered = 0, 0, 0  # index of held[0]; where the next window starts; frames that windows covered
    for part in parts:
        held = np.concatenate([held, part]) if len(held) else part
        while first + len(held) >= upcoming + window:
            held, first = held[upcoming - first :], upcoming  # kept until the next one, for the last may start in it
            yield first, held[:window]
            covered, upcoming = first + window, first + hop
    if first + len(held) > covered:
        start = max(0, len(held) - window)
        yield first + start, held[start:]


def decode_frames(
    path: Path,
    config: LogMelConfig,
    damage: list[UserError],
    on_progress: Progress | None,
    should_stop: ShouldStop | None,
) -> Iterator[FrameRun]:
    """Log-mel of the file in runs on the file's clock; gaps are treated as in live sound: filled up to 10.24 s, a jump
    if they are longer. An error after the first frames is appended to `damage`."""
    frames = LiveFrames(config.sample_rate, config, LONGEST_FILLED_GAP_S)
    total_s = duration_s(path) if on_progress is not None else None
    has_frames = False
    try:
        for block in decode_blocks(path, config.sample_rate, _BLOCK_S):
            for run in frames.push(block):
                has_frames = has_frames or not run.is_gap
                yield run
            if on_progress is not None:
                on_progress(min(1.0, block.end_sample / config.sample_rate / total_s) if total_s else None)
            if should_stop is not None and should_stop():
                return
    except UserError as error:
        if not has_frames:
            raise
        damage.append(error)
        return
    if not has_frames:
        raise UserError(f"{path.name} has less than 25 ms of sound.", "Choose a longer recording.")
