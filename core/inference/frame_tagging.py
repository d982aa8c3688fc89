"""Finds when each label sounds in a whole file: overlapping windows, averaged every 100 ms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.errors import UserError
from core.inference.file_tagging import ShouldStop, ShouldStopFile, WindowReader, any_file, lengths_for
from core.inference.files.together import Answered, Progress, TaggedFiles, Together
from core.inference.frame_rows import RowMean, window_of
from core.inference.results import FrameScores, TagScores

if TYPE_CHECKING:
    from core.inference.tagger import Tagger


def tag_file_frames(
    path: Path | str,
    tagger: Tagger,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Iterator[FrameScores]:
    """Rows of 100 ms, in order and each once, as soon as no later window can change them; none in a long gap.

    window_s: as for `tag_file`. hop_s: None for half the window, so that each moment is in two windows. on_progress,
    errors: as for `tag_file`; also UserError for a model without a frame head.
    """
    tagger.require_frame_head()
    window, hop = frame_lengths_for(tagger, window_s, hop_s)
    path = Path(path)
    read = WindowReader(tagger.log_mel, window, hop, on_progress is not None, any_file(should_stop))
    make_rows = partial(rows_in, hop=hop, n_labels=len(tagger.labels), should_stop=should_stop)
    with TaggedFiles(Together([path], read, tagger.tag_frames_many, tagger.at_once), make_rows) as files:
        yield from files.of(path, on_progress)


def tag_files_frames(
    paths: Sequence[Path],
    tagger: Tagger,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    tells_progress: bool = False,
    should_stop: ShouldStopFile | None = None,
) -> TaggedFiles[FrameScores]:
    """Several files, whose windows go through the model together; of each what `tag_file_frames` gives. tells_progress,
    should_stop: as for `tag_files`. Raises UserError for impossible lengths, and for a model without a frame head."""
    tagger.require_frame_head()
    window, hop = frame_lengths_for(tagger, window_s, hop_s)
    read = WindowReader(tagger.log_mel, window, hop, tells_progress, should_stop)
    files = Together(paths, read, tagger.tag_frames_many, tagger.at_once)
    return TaggedFiles(files, partial(rows_in, hop=hop, n_labels=len(tagger.labels)))


def tag_files_as_windows(
    paths: Sequence[Path], tagger: Tagger, *, should_stop: ShouldStopFile | None = None
) -> TaggedFiles[TagScores]:
    """What `tag_files_frames` finds, as windows that hold some seconds of rows each; tells progress."""
    tagger.require_frame_head()
    window, hop = frame_lengths_for(tagger, None, None)
    files = Together(
        paths, WindowReader(tagger.log_mel, window, hop, True, should_stop), tagger.tag_frames_many, tagger.at_once
    )
    return TaggedFiles(files, lambda windows: map(window_of, rows_in(windows, hop, len(tagger.labels))))


def frame_lengths_for(tagger: Tagger, window_s: float | None, hop_s: float | None) -> tuple[int, int]:
    """Window and hop of `tag_file_frames`, in frames. Raises UsageError for impossible lengths."""
    window_s = tagger.window_frames / FRAMES_PER_SECOND if window_s is None else window_s
    return lengths_for(tagger, window_s, window_s / 2 if hop_s is None else hop_s)


def rows_in(
    windows: Iterable[Answered[FrameScores]], hop: int, n_labels: int, should_stop: ShouldStop | None = None
) -> Iterator[FrameScores]:
    """Rows of a file from what the model says of its windows, each `hop` frames after the one before."""
    means = RowMean(n_labels)
    heard_s, damage = 0.0, None
    try:
        for window in windows:
            before_gap = means.pop_before_gap(window.answer)
            if len(before_gap.times_s):
                yield replace(before_gap, heard_s=heard_s)
            means.add(window.answer)
            heard_s = (window.start_frame + window.n_frames) / FRAMES_PER_SECOND
            final = means.pop_before(window.start_frame + hop)
            if len(final.times_s):
                yield replace(final, heard_s=heard_s)
            if should_stop is not None and should_stop():
                return
    except UserError as error:  # of a file that is damaged: what was heard of it comes first
        damage = error
    rest = means.pop_before(None)
    if len(rest.times_s):
        yield replace(rest, heard_s=heard_s)
    if damage is not None:
        raise damage
