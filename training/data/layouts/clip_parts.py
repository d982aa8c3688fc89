"""Describes clips that are a part of a file, and decodes all parts of one file in one pass."""

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
    """A section of a file, in seconds of the file's own clock."""

    start_s: float = 0.0
    end_s: float | None = None
    """None for the end of the file."""

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole file."""
        return self == WHOLE

    def span(self, sample_rate: int) -> tuple[int, float]:
        """The first sample and the one after the last, which is infinite for the end of the file."""
        stop = math.inf if self.end_s is None else round(self.end_s * sample_rate)
        return round(self.start_s * sample_rate), stop

    def key(self, content: str) -> str:
        """The key of the part's frames in the cache, hexadecimal. content: the key of the file's content."""
        if self.is_whole:
            return content
        return hashlib.blake2b(f"{content} {self.start_s!r} {self.end_s!r}".encode(), digest_size=16).hexdigest()

    def describe(self) -> str:
        """For people, after a file's name: ` from 2.5 s to 4 s`; "" for a whole file."""
        if self.is_whole:
            return ""
        return f" from {self.start_s:g} s to {'its end' if self.end_s is None else f'{self.end_s:g} s'}"


WHOLE = Part()
_ALL = (0, math.inf)


@dataclass(frozen=True, slots=True)
class CutPart:
    """A decoded part."""

    index: int
    """Of its span."""
    samples: NDArray[np.float32]
    """`(n,)`: its first samples, at most `max_samples`."""
    n_samples: int
    """All samples that the file has of it."""


def cut(path: Path | str, sample_rate: int, spans: Sequence[tuple[int, float]], max_samples: int) -> Iterator[CutPart]:
    """Decode spans of a file in one pass, and yield each as soon as it is complete.

    A span is the first sample and the one after the last, on the file's clock. Gaps in it are filled with zeros; a
    whole file is instead decoded as `fill_gaps` does. Decoding stops after the last span, and a span that ends beyond
    the end of the file is cut off there. Raises UserError as `decode_blocks` does, after the spans before the fault.
    """
    whole = [i for i, span in enumerate(spans) if span == _ALL]
    parts = sorted((i for i, span in enumerate(spans) if span != _ALL), key=lambda i: spans[i])
    if whole:
        yield from _cut(fill_gaps(decode_blocks(path, sample_rate)), spans, whole, max_samples)
    if parts:
        yield from _cut(decode_blocks(path, sample_rate), spans, parts, max_samples)


def _cut(
    blocks: Iterator[AudioBlock], spans: Sequence[tuple[int, float]], waiting: list[int], max_samples: int
) -> Iterator[CutPart]:
    pieces: dict[int, list[NDArray[np.float32]]] = {i: [np.zeros(0, np.float32)] for i in waiting}
    counts = dict.fromkeys(waiting, 0)
    for block in blocks:
        begin, end = block.start_sample, block.end_sample
        for i in [i for i in waiting if spans[i][0] < end]:
            span_end = int(min(spans[i][1], end))
            first = min(max(spans[i][0], begin), span_end)
            gap = first - spans[i][0] - counts[i]  # filled with zeros
            if counts[i] < max_samples:
                pieces[i].append(np.zeros(min(gap, max_samples), np.float32))
                pieces[i].append(block.samples[max(0, first - begin) : max(0, span_end - begin)])
            counts[i] += gap + span_end - first
            if spans[i][1] <= end:
                waiting.remove(i)
                yield CutPart(i, np.concatenate(pieces.pop(i))[:max_samples], counts[i])
        if not waiting:
            return
    for i in waiting:
        yield CutPart(i, np.concatenate(pieces.pop(i))[:max_samples], counts[i])
