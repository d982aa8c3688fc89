"""Turns decoded frames on a file's clock into blocks at one sample rate, and blocks into a clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.decoding.file_clock import LONGEST_FILLED_GAP_S, PlacedFrame
from core.audio.resample import StreamResampler
from core.errors import UserError


def joined(frames: Iterable[PlacedFrame], at_least_s: float) -> Iterator[PlacedFrame]:
    """The same sound in fewer, longer frames: none across a gap or a change of rate."""
    held: list[PlacedFrame] = []
    n_samples = 0
    for frame in frames:
        if held and (frame.gap_s or frame.sample_rate != held[0].sample_rate):
            yield _join(held)
            held, n_samples = [], 0
        held.append(frame)
        n_samples += len(frame.samples)
        if n_samples >= at_least_s * frame.sample_rate:
            yield _join(held)
            held, n_samples = [], 0
    if held:
        yield _join(held)


def _join(frames: list[PlacedFrame]) -> PlacedFrame:
    first = frames[0]
    samples = np.concatenate([frame.samples for frame in frames]) if len(frames) > 1 else first.samples
    return PlacedFrame(samples, first.sample_rate, first.start_s, first.gap_s)


def refuse_non_numbers(frames: Iterable[PlacedFrame], path: Path) -> Iterator[PlacedFrame]:
    """Pass frames on; after the first sample that is not a finite number, count the others and raise UserError."""
    first_s, count = 0.0, 0
    for frame in frames:
        is_bad = ~np.isfinite(frame.samples)
        if not count and not is_bad.any():
            yield frame
        elif not count:
            first_s = frame.start_s + int(is_bad.argmax()) / frame.sample_rate
        count += int(is_bad.sum())
    if count:
        raise UserError(
            f"“{path.name}” has {count} samples that are not numbers (NaN or infinite), the first at {first_s:.2f} s.",
            "Export it again from the program that made it, preferably as 16-bit or 24-bit WAV.",
        )


def resampled(frames: Iterable[PlacedFrame], sample_rate: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Pieces at `sample_rate` and where each starts, even if the rate changes on the way (concatenated files).

    A piece starts where the previous one ends, unless there is a gap.
    """
    resampler: StreamResampler | None = None
    position = 0
    for frame in frames:
        if resampler is None or frame.gap_s or frame.sample_rate != resampler.from_rate:
            if resampler is not None:
                rest = resampler.flush()
                yield position, rest
                position += len(rest)
            resampler = StreamResampler(frame.sample_rate, sample_rate)
        if frame.gap_s:
            position = max(position, round(frame.start_s * sample_rate))
        piece = resampler.push(frame.samples)
        yield position, piece
        position += len(piece)
    if resampler is not None:
        yield position, resampler.flush()


def gathered(
    pieces: Iterable[tuple[int, NDArray[np.float32]]], at_least: int, sample_rate: int
) -> Iterator[AudioBlock]:
    """The same samples in fewer, larger blocks, none empty and none across a gap."""
    waiting: list[NDArray[np.float32]] = []
    start = end = 0
    for begin, piece in pieces:
        if begin != end and waiting:
            yield AudioBlock(np.concatenate(waiting), start, sample_rate)
            waiting = []
        if len(piece):
            start = start if waiting else begin
            waiting.append(piece)
            end = begin + len(piece)
        if waiting and end - start >= at_least:
            yield AudioBlock(np.concatenate(waiting), start, sample_rate)
            waiting = []
    if waiting:
        yield AudioBlock(np.concatenate(waiting), start, sample_rate)


def fill_gaps(blocks: Iterable[AudioBlock]) -> Iterator[AudioBlock]:
    """The same sound as one clip, for training and playback: consecutive blocks from sample 0.

    It starts with the first sample, wherever that is on the file's clock: leading silence teaches nothing. Gaps are
    filled with zeros, up to LONGEST_FILLED_GAP_S each.
    """
    previous: AudioBlock | None = None
    position = 0
    for block in blocks:
        gap = block.start_sample - previous.end_sample if previous is not None else 0
        gap = min(gap, round(LONGEST_FILLED_GAP_S * block.sample_rate))
        if gap:
            yield AudioBlock(np.zeros(gap, np.float32), position, block.sample_rate)
        yield AudioBlock(block.samples, position + gap, block.sample_rate)
        previous, position = block, position + gap + len(block.samples)
