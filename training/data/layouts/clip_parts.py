"""A clip that is a part of a file, and how parts are read: all of one file in one pass. Knows no label and no list."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.decoding.decode import decode_blocks, fill_gaps


@dataclass(frozen=True, slots=True)
class Part:
    """From where to where of a file, in seconds of its own; end_s None: to its end."""

    start_s: float = 0.0
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        """All of the file."""
        return self == WHOLE

    def span(self, sample_rate: int) -> tuple[int, float]:
        """First sample, and the one after the last, which is infinite where the file's end is meant."""
        last = math.inf if self.end_s is None else round(self.end_s * sample_rate)
        return round(self.start_s * sample_rate), last

    def key(self, content: str) -> str:
        """What decoded frames are kept by, hexadecimal. content: the key of the file's content."""
        if self.is_whole:
            return content
        return hashlib.blake2b(f"{content} {self.start_s!r} {self.end_s!r}".encode(), digest_size=16).hexdigest()

    def words(self) -> str:
        """` from 2.5 s to 4 s`; nothing for a whole file."""
        if self.is_whole:
            return ""
        return f" from {self.start_s:g} s to {'its end' if self.end_s is None else f'{self.end_s:g} s'}"


WHOLE = Part()
_ALL = (0, math.inf)


@dataclass(frozen=True, slots=True)
class CutPart:
    """index: which of the spans asked for. samples: float32 `(n,)`, as many of its first as were wanted; n_samples: of
    all of it that the file has."""

    index: int
    samples: NDArray[np.float32]
    n_samples: int


def cut(path: Path | str, sample_rate: int, spans: Sequence[tuple[int, float]], most_kept: int) -> Iterator[CutPart]:
    """Each span (first sample, one after the last) of a file as soon as it is decoded, in one pass over the file.

    Spans are on the file's clock, and holes in them are filled with zeros; but all of a file is what `fill_gaps` makes
    of it. The pass ends with the last span; what lies beyond the file's end is missing from it. Raises UserError as
    `decode_blocks` does, after the spans that lie before the fault.
    """
    whole = [i for i, span in enumerate(spans) if span == _ALL]
    parts = sorted((i for i, span in enumerate(spans) if span != _ALL), key=lambda i: spans[i])
    if whole:
        yield from _cut(fill_gaps(decode_blocks(path, sample_rate)), spans, whole, most_kept)
    if parts:
        yield from _cut(decode_blocks(path, sample_rate), spans, parts, most_kept)


def _cut(
    blocks: Iterator[AudioBlock], spans: Sequence[tuple[int, float]], waiting: list[int], most_kept: int
) -> Iterator[CutPart]:
    pieces: dict[int, list[NDArray[np.float32]]] = {i: [np.zeros(0, np.float32)] for i in waiting}
    counts = dict.fromkeys(waiting, 0)
    for block in blocks:
        begin, end = block.start_sample, block.end_sample
        for i in [i for i in waiting if spans[i][0] < end]:
            span_end = int(min(spans[i][1], end))
            first = min(max(spans[i][0], begin), span_end)
            hole = first - spans[i][0] - counts[i]  # without sound, so filled with zeros
            if counts[i] < most_kept:
                pieces[i].append(np.zeros(min(hole, most_kept), np.float32))
                pieces[i].append(block.samples[max(0, first - begin) : max(0, span_end - begin)])
            counts[i] += hole + span_end - first
            if spans[i][1] <= end:
                waiting.remove(i)
                yield CutPart(i, np.concatenate(pieces.pop(i))[:most_kept], counts[i])
        if not waiting:
            return
    for i in waiting:
        yield CutPart(i, np.concatenate(pieces.pop(i))[:most_kept], counts[i])
