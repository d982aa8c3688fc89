"""The tagger over a whole file, window by window, in constant memory. Knows no thread and no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import FRAMES_PER_SECOND, LogMelConfig, LogMelStream
from core.audio.media_file import decode_blocks, duration_s
from core.errors import UsageError, UserError
from core.inference.results import TagScores

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

Progress = Callable[[float | None], None]
ShouldStop = Callable[[], bool]
USUAL_HOP_S = 5.0


def tag_file(
    path: Path | str,
    tagger: Tagger,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Iterator[TagScores]:
    """Scores of windows at 0, hop, 2 hops, … until every frame has been covered.

    window_s: up to 30.72 s, None for the window that the model was made for. hop_s: None for 5 s, or the window.
    on_progress gets the share done, or None where the file does not tell its length. Raises UserError for a
    file that cannot be read; for one that breaks off, after the windows of what could be read.
    """
    window, hop = lengths_for(tagger, window_s, hop_s)
    path = Path(path)
    damage: list[UserError] = []
    frames = decode_frames(path, tagger.log_mel, damage, on_progress, should_stop)
    for start, window_frames in slice_windows(frames, window, hop):
        yield tagger.tag(window_frames, start)
        if should_stop is not None and should_stop():
            return
    if damage:
        raise damage[0]


def lengths_for(tagger: Tagger, window_s: float | None, hop_s: float | None) -> tuple[int, int]:
    """Window and hop in frames, as `tag_file` takes them. Raises UsageError for lengths that cannot be."""
    window_s = tagger.window_frames / FRAMES_PER_SECOND if window_s is None else window_s
    return frames_of(window_s, min(USUAL_HOP_S, window_s) if hop_s is None else hop_s, tagger.longest_frames)


def frames_of(window_s: float, hop_s: float, most_frames: int) -> tuple[int, int]:
    """Window and hop in frames. Raises UsageError for lengths that cannot be."""
    window, hop = round(window_s * FRAMES_PER_SECOND), round(hop_s * FRAMES_PER_SECOND)
    longest_s = most_frames / FRAMES_PER_SECOND
    if not 16 <= window <= most_frames:
        raise UsageError(f"The model takes no window of {window_s:g} s.", f"Use 0.16 to {longest_s:g} s.")
    if not 1 <= hop <= window:
        raise UsageError(
            f"A hop of {hop_s:g} s would leave holes between windows of {window_s:g} s.",
            f"Use a hop of 0.01 to {window_s:g} s.",
        )
    return window, hop


def slice_windows(
    parts: Iterable[NDArray[np.float32]], window: int, hop: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Cut frames that come in parts of any size into windows; gives `(first frame, frames)`.

    Windows start at 0, hop, 2 hops, …; the last one ends with the last frame, at its true length. Each frame is
    covered, and no window lies wholly inside the one before. Holds at most one window and one part.
    """
    held = np.zeros((0, 0), np.float32)
    first, covered = 0, 0  # index of held[0]; frames that some window has covered
    for part in parts:
        held = np.concatenate([held, part]) if len(held) else part
        while len(held) >= window:
            yield first, held[:window]
            covered = first + window
            held, first = held[hop:], first + hop
    if first + len(held) > covered:
        yield first, held


def decode_frames(
    path: Path,
    config: LogMelConfig,
    damage: list[UserError],
    on_progress: Progress | None,
    should_stop: ShouldStop | None,
) -> Iterator[NDArray[np.float32]]:
    """Log-mel of the file in parts. What breaks the file off once frames have come goes into `damage`."""
    stream = LogMelStream(config)
    total_s = duration_s(path) if on_progress is not None else None
    try:
        for block in decode_blocks(path, config.sample_rate):
            frames = stream.push(block.samples)
            if len(frames):
                yield frames
            if on_progress is not None:
                on_progress(min(1.0, block.end_sample / config.sample_rate / total_s) if total_s else None)
            if should_stop is not None and should_stop():
                return
    except UserError as error:
        if not stream.n_frames:
            raise
        damage.append(error)
        return
    if not stream.n_frames:
        raise UserError(f"{path.name} holds less than 25 ms of sound.", "Choose a longer recording.")


@dataclass(frozen=True, slots=True)
class FilePicture:
    """A file's spectrogram, few enough columns to draw.

    columns: float32 `(n, mels)`, raw log-mel, each the maximum over `seconds_per_column`. problem: why it
    breaks off, for a damaged file.
    """

    columns: NDArray[np.float32]
    seconds_per_column: float
    duration_s: float
    problem: UserError | None = None


def file_picture(path: Path | str, log_mel_columns: int = 4096, should_stop: ShouldStop | None = None) -> FilePicture:
    """The whole file's spectrogram in at most `log_mel_columns` columns, in constant memory. Raises UserError."""
    path = Path(path)
    damage: list[UserError] = []
    columns: list[NDArray[np.float32]] = []
    frames_per_column, n_frames = 1, 0
    held: NDArray[np.float32] | None = None
    for frames in decode_frames(path, LogMelConfig(), damage, None, should_stop):
        n_frames += len(frames)
        held = frames if held is None else np.concatenate([held, frames])
        whole = len(held) // frames_per_column
        columns += list(held[: whole * frames_per_column].reshape(whole, frames_per_column, held.shape[1]).max(axis=1))
        held = held[whole * frames_per_column :]
        while len(columns) > log_mel_columns:
            # Twice too many: from now on a column is worth two of these.
            if len(columns) % 2:
                held = np.concatenate([np.repeat(columns.pop()[None], frames_per_column, axis=0), held])
            columns = [np.maximum(a, b) for a, b in zip(columns[::2], columns[1::2], strict=True)]
            frames_per_column *= 2
    if held is not None and len(held):
        columns.append(held.max(axis=0))
    return FilePicture(
        np.stack(columns) if columns else np.zeros((0, LogMelConfig().n_mels), np.float32),
        frames_per_column / FRAMES_PER_SECOND,
        n_frames / FRAMES_PER_SECOND,
        damage[0] if damage else None,
    )
