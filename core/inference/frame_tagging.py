"""Finds when each label sounds in a whole file: overlapping windows, averaged every 100 ms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.errors import UserError
from core.inference.file_tagging import Progress, ShouldStop, decode_frames, lengths_for, windows_of
from core.inference.frame_rows import RowMean
from core.inference.results import FrameScores

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
    window_s = tagger.window_frames / FRAMES_PER_SECOND if window_s is None else window_s
    window, hop = lengths_for(tagger, window_s, window_s / 2 if hop_s is None else hop_s)
    path = Path(path)
    damage: list[UserError] = []
    means = RowMean(len(tagger.labels))
    runs = decode_frames(path, tagger.log_mel, damage, on_progress, should_stop)
    heard_s = 0.0
    for start, frames in windows_of(runs, window, hop):
        scores = tagger.tag_frames(frames, start)
        before_gap = means.pop_before_gap(scores)
        if len(before_gap.times_s):
            yield replace(before_gap, heard_s=heard_s)
        means.add(scores)
        heard_s = (start + len(frames)) / FRAMES_PER_SECOND
        final = means.pop_before(start + hop)
        if len(final.times_s):
            yield replace(final, heard_s=heard_s)
        if should_stop is not None and should_stop():
            return
    rest = means.pop_before(None)
    if len(rest.times_s):
        yield replace(rest, heard_s=heard_s)
    if damage:
        raise damage[0]
