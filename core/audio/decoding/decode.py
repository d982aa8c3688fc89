"""Decodes the sound of any audio or video file as mono blocks on the file's own clock.

Memory is constant, however long the file: two decoded frames, and what is collected for the next block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av import AudioFrame, AudioStream, Packet
from av.container import InputContainer
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.decoding.damage import DecodingTally
from core.audio.decoding.declared_length import declared_length, track_length_s
from core.audio.decoding.file_blocks import fill_gaps, gathered, joined, refuse_non_numbers, resampled
from core.audio.decoding.file_clock import DecodedFrame, FileClock, clock_zero_s, placed
from core.audio.decoding.ogg_chain import next_link, open_link
from core.audio.decoding.open import has_sound, open_media, sound_track, track_note
from core.audio.decoding.pcm import mono_samples, without_torn_sample
from core.audio.decoding.search import MEDIA_SUFFIXES, MediaFound, find_media
from core.audio.resample import MODEL_SAMPLE_RATE

__all__ = [
    "MEDIA_SUFFIXES",
    "MediaFound",
    "decode_blocks",
    "duration_s",
    "fill_gaps",
    "find_media",
    "read_clip",
    "track_note",
]

_BLOCK_S = 0.25
# A failing drive keeps failing: give up after this many errors in a row.
_MAX_ERRORS = 32
_TAG_BETWEEN_JOINED_FILES = b"ID3"


def decode_blocks(
    path: Path | str, sample_rate: int = MODEL_SAMPLE_RATE, block_s: float = _BLOCK_S
) -> Iterator[AudioBlock]:
    """The file's first audio track that can be decoded: mean of its channels at `sample_rate`.

    Blocks are placed on the file's clock, the one that a player shows. The first one starts later than 0 if another
    track starts before the sound; after a gap in the timestamps, a block starts later than the previous one ends. Each
    has `block_s` or more, or less at an end. Raises UserError on the first `next` if the file cannot be opened; at the
    end, after everything that could be decoded, if it is truncated or damaged; at once if its samples are not numbers.
    The file is closed when the iterator ends or is dropped.
    """
    path = Path(path)
    with open_media(path) as container:
        tally = begin_tally(path, container)
        clock = FileClock(clock_zero_s(container, sound_track(container)))
        frames = joined(placed(decoded(packets_of(path, container, tally), tally), clock), block_s)
        pieces = resampled(refuse_non_numbers(frames, path), sample_rate)
        yield from gathered(pieces, round(block_s * sample_rate), sample_rate)
        tally.raise_if_damaged()


def read_clip(path: Path | str, sample_rate: int = MODEL_SAMPLE_RATE) -> NDArray[np.float32]:
    """The whole file as float32 `(n_samples,)`, gaps filled. Raises UserError as `decode_blocks` does."""
    samples = [block.samples for block in fill_gaps(decode_blocks(path, sample_rate))]
    return np.concatenate(samples) if samples else np.zeros(0, np.float32)


def duration_s(path: Path | str) -> float | None:
    """Where the sound ends on the file's clock according to its header, good enough for a progress bar; None if it does
    not say. Raises UserError."""
    with open_media(Path(path)) as container:
        track = sound_track(container)
        zero_s = clock_zero_s(container, track)
        length_s = track_length_s(track)
        if length_s is not None:
            start_s = seconds_of(track.start_time, track.time_base)
            return length_s + (0.0 if start_s is None else start_s - zero_s)
        declared = declared_length(Path(path), container, track)
        if declared.length_s is not None:
            return declared.length_s
        return container.duration / av.time_base if container.duration else None


def begin_tally(path: Path, container: InputContainer) -> DecodingTally:
    """The count of what can be read of a file, before anything of it is."""
    track = sound_track(container)
    declared = declared_length(path, container, track)
    start_s = seconds_of(track.start_time, track.time_base) or 0.0
    return DecodingTally(
        path,
        container.format.name,
        declared.length_s,
        declared.tolerance_s,
        counts_from_s=0.0 if declared.is_end else start_s,
        zero_s=clock_zero_s(container, track),
    )


def decoded(packets: Iterable[Packet[AudioStream]], tally: DecodingTally) -> Iterator[DecodedFrame]:
    """Decoded frames in order; what cannot be decoded is counted and skipped."""
    for packet in packets:
        for frame in _frames(packet, tally):
            begin_s = seconds_of(frame.pts, frame.time_base)
            one = DecodedFrame(mono_samples(frame), frame.sample_rate, begin_s)
            tally.add_good(one.length_s, None if begin_s is None else begin_s + one.length_s)
            yield one


def _frames(packet: Packet[AudioStream], tally: DecodingTally) -> list[AudioFrame]:
    try:
        try:
            return packet.decode()
        except av.error.FFmpegError:
            whole = without_torn_sample(packet)
            if whole is None:
                raise
            if not whole.size:
                return []
            return packet.stream.codec_context.decode(whole)  # pyright: ignore[reportUnknownMemberType] of av
    except av.error.FFmpegError:
        if bytes(packet)[:3] != _TAG_BETWEEN_JOINED_FILES:
            tally.add_bad()
        return []


def packets_of(path: Path, container: InputContainer, tally: DecodingTally) -> Iterator[Packet[AudioStream]]:
    """The packets of the track, past errors and through every link of a chained Ogg file."""
    n_errors, link_begin, packet_at = 0, 0, 0
    with ExitStack() as link:
        while n_errors < _MAX_ERRORS:
            try:
                for packet in container.demux(sound_track(container)):
                    n_errors = 0
                    packet_at = packet.pos or packet_at
                    tally.check_packet(packet)
                    yield packet
            except av.error.PatchWelcomeError:
                begin = next_link(path, link_begin + packet_at)
                if begin is None:
                    tally.add_bad()
                    return
                link.close()
                container = link.enter_context(open_link(path, begin))
                link_begin, packet_at = begin, 0
                if not has_sound(container):
                    tally.add_bad()
                    return
            except av.error.FFmpegError:
                n_errors += 1
                tally.add_bad()
            else:
                return


def seconds_of(ticks: int | None, time_base: Fraction | None) -> float | None:
    """A timestamp in seconds."""
    # The quotient of whole numbers is rounded once, as a Fraction is, in a tenth of the time.
    return None if ticks is None or time_base is None else ticks * time_base.numerator / time_base.denominator
