"""Reads the sound of any audio or video file as mono blocks. Knows no window, no model and no clock.

Memory stays constant, however long the file: one decoded frame, and what is gathered for the next block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av import AudioStream, Packet
from av.container import InputContainer
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.declared_length import declared_length
from core.audio.media_damage import DecodingTally
from core.audio.media_opening import open_media
from core.audio.media_search import MEDIA_SUFFIXES, MediaFound, find_media
from core.audio.ogg_chain import next_link, open_link
from core.audio.pcm import mono_samples
from core.audio.resample import MODEL_SAMPLE_RATE, StreamResampler
from core.errors import UserError

__all__ = ["MEDIA_SUFFIXES", "MediaFound", "decode_blocks", "duration_s", "find_media", "read_clip"]

_BLOCK_S = 0.25
# A drive that fails goes on failing: give up after so many refusals in a row.
_MAX_REFUSALS = 32
_TAG_BETWEEN_JOINED_FILES = b"ID3"


def decode_blocks(path: Path | str, sample_rate: int = MODEL_SAMPLE_RATE) -> Iterator[AudioBlock]:
    """The file's first audio stream: mean of its channels at `sample_rate`, in blocks that follow each other.

    Blocks hold a quarter of a second or more, the last one less. Raises UserError on the first `next` when the
    file cannot be opened; at the end when it was cut off or damaged, after all that could be decoded has been
    given; at once when its samples are not numbers. The file is closed when the iterator ends or is dropped.
    """
    path = Path(path)
    with open_media(path) as container:
        tally = _begin_tally(path, container)
        pieces = _resampled(_finite(_decoded(path, container, tally), path), sample_rate)
        start = 0
        for samples in _gathered(pieces, round(_BLOCK_S * sample_rate)):
            yield AudioBlock(samples, start, sample_rate)
            start += len(samples)
        tally.raise_if_damaged()


def read_clip(path: Path | str, sample_rate: int = MODEL_SAMPLE_RATE) -> NDArray[np.float32]:
    """The whole file as float32 `(n_samples,)`. Raises UserError as `decode_blocks` does."""
    samples = [block.samples for block in decode_blocks(path, sample_rate)]
    return np.concatenate(samples) if samples else np.zeros(0, np.float32)


def duration_s(path: Path | str) -> float | None:
    """Length by the container, good enough for a progress bar; None when it does not say. Raises UserError."""
    with open_media(Path(path)) as container:
        stream = container.streams.audio[0]
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return container.duration / av.time_base if container.duration else None


def _begin_tally(path: Path, container: InputContainer) -> DecodingTally:
    declared = declared_length(path, container, container.streams.audio[0])
    return DecodingTally(path, container.format.name, declared.length_s, declared.tolerance_s)


def _decoded(path: Path, container: InputContainer, tally: DecodingTally) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Rate and mono samples of one frame after the other; what does not decode is counted and skipped."""
    stream = container.streams.audio[0]
    first_s = _seconds(stream.start_time, stream.time_base) or 0.0
    for packet in _packets(path, container, tally):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if bytes(packet)[:3] != _TAG_BETWEEN_JOINED_FILES:
                tally.add_bad()
            continue
        for frame in frames:
            samples = mono_samples(frame)
            length_s = len(samples) / frame.sample_rate
            begin_s = _seconds(frame.pts, frame.time_base)
            tally.add_good(length_s, None if begin_s is None else begin_s - first_s + length_s)
            yield frame.sample_rate, samples


def _packets(path: Path, container: InputContainer, tally: DecodingTally) -> Iterator[Packet[AudioStream]]:
    """The packets of the first audio stream, over refusals and over every link of a chained Ogg file."""
    refusals, link_begin, packet_at = 0, 0, 0
    with ExitStack() as link:
        while refusals < _MAX_REFUSALS:
            try:
                for packet in container.demux(container.streams.audio[0]):
                    refusals = 0
                    packet_at = packet.pos or packet_at
                    tally.look_at_packet(packet)
                    yield packet
                return
            except av.error.PatchWelcomeError:
                begin = next_link(path, link_begin + packet_at)
                if begin is None:
                    tally.add_bad()
                    return
                link.close()
                container = link.enter_context(open_link(path, begin))
                link_begin, packet_at = begin, 0
            except av.error.FFmpegError:
                refusals += 1
                tally.add_bad()


def _finite(runs: Iterable[tuple[int, NDArray[np.float32]]], path: Path) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The same runs; on the first sample that is not a number, count the rest of them and raise UserError."""
    seconds, first_s, count = 0.0, 0.0, 0
    for rate, samples in runs:
        is_bad = ~np.isfinite(samples)
        if not count and not is_bad.any():
            yield rate, samples
        elif not count:
            first_s = seconds + int(is_bad.argmax()) / rate
        count += int(is_bad.sum())
        seconds += len(samples) / rate
    if count:
        raise UserError(
            f"“{path.name}” holds {count} samples that are not numbers (NaN or infinite), "
            f"the first at {first_s:.2f} s.",
            "Export it again from the program that made it, best as 16-bit or 24-bit WAV.",
        )


def _resampled(runs: Iterable[tuple[int, NDArray[np.float32]]], sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """One stream at `sample_rate`, also when the rate changes on the way (files joined end to end)."""
    resampler: StreamResampler | None = None
    for rate, samples in runs:
        if resampler is None or rate != resampler.from_rate:
            if resampler is not None:
                yield resampler.flush()
            resampler = StreamResampler(rate, sample_rate)
        yield resampler.push(samples)
    if resampler is not None:
        yield resampler.flush()


def _gathered(pieces: Iterable[NDArray[np.float32]], at_least: int) -> Iterator[NDArray[np.float32]]:
    """The same samples in fewer, larger pieces, none of them empty."""
    waiting: list[NDArray[np.float32]] = []
    n_waiting = 0
    for piece in pieces:
        waiting.append(piece)
        n_waiting += len(piece)
        if n_waiting >= at_least:
            yield np.concatenate(waiting)
            waiting, n_waiting = [], 0
    if n_waiting:
        yield np.concatenate(waiting)


def _seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)
