"""Decodes a file from a late moment on, to the same samples as from its start, where its container allows that."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import chain, dropwhile
from pathlib import Path

import av.error
from av import AudioStream, Packet
from av.container import InputContainer

from core.audio.block import AudioBlock
from core.audio.decoding.damage import DecodingTally
from core.audio.decoding.decode import begin_tally, decode_blocks, decoded, packets_of, seconds_of
from core.audio.decoding.file_blocks import gathered, joined, refuse_non_numbers, resampled
from core.audio.decoding.file_clock import JITTER_S, DecodedFrame, FileClock, clock_zero_s, placed
from core.audio.decoding.open import open_media, sound_track

EARLIEST_S = 10.0
"""What begins earlier is decoded from the start."""
_BEFORE_S, _WARM_UP_S = 2.0, 1.0
"""Decoding begins so much before, and what its first second gives is not used: lossy codecs carry something over from
one packet to the next, MP3 from up to twenty."""
_BLOCK_S = 0.25
_PCM = "pcm_.*"
_CODECS = {
    "wav": _PCM,
    "w64": _PCM,
    "aiff": _PCM,
    "au": _PCM,
    "caf": _PCM,
    "flac": "flac",
    "mp3": "mp3.*",
    "mov,mp4,m4a,3gp,3g2,mj2": f"aac|alac|{_PCM}",
}
"""libav's names of containers, and of the codecs that may start late in them."""
_SAME_SAMPLE = 0.01


def blocks_from(path: Path, start_s: float, sample_rate: int) -> Iterator[AudioBlock]:
    """What `decode_blocks` gives, without most of what lies before `start_s` on the file's clock.

    The samples are the same (but for noise that a lossy codec makes up), and so are errors, except for damage before
    the start. A file whose timestamps do not count its samples, and another sample rate than the track's, are decoded
    from the start.
    """
    is_there = False
    if start_s > EARLIEST_S:
        for block in _late_blocks(path, start_s, sample_rate):
            is_there = True
            yield block
    if not is_there:
        yield from decode_blocks(path, sample_rate)


def _late_blocks(path: Path, start_s: float, sample_rate: int) -> Iterator[AudioBlock]:
    """None at all where the file has to be decoded from its start."""
    with open_media(path) as container:
        if not _may_start_late(container):
            return
        zero_s = _zero_s(container, sample_rate)
        aim_s = 0.0 if zero_s is None else start_s + zero_s - _BEFORE_S
        if zero_s is None or not _skip(container, aim_s):
            return
        tally = begin_tally(path, container)
        late = _warmed_up(decoded(_from(packets_of(path, container, tally), aim_s), tally), aim_s + _WARM_UP_S)
        first = next(late, None)
        if first is None or not _is_placed(first, zero_s, start_s, sample_rate):
            return
        _forget_the_warm_up(tally, first, zero_s)
        frames = joined(placed(chain([first], late), FileClock(zero_s)), _BLOCK_S)
        pieces = resampled(refuse_non_numbers(frames, path), sample_rate)
        yield from gathered(pieces, round(_BLOCK_S * sample_rate), sample_rate)
        tally.raise_if_damaged()


def _may_start_late(container: InputContainer) -> bool:
    """Whether timestamps count samples here and decoders forget: not those of Matroska and Ogg, for example."""
    codecs = _CODECS.get(container.format.name, "$none")
    return re.fullmatch(codecs, sound_track(container).codec_context.name) is not None


def _zero_s(container: InputContainer, sample_rate: int) -> float | None:
    """The timestamp of sample 0 of the file's clock; None if nothing comes, or at another rate."""
    track = sound_track(container)
    zero_s = clock_zero_s(container, track)
    try:
        frame = next(container.decode(track), None)
    except av.error.FFmpegError:
        return None
    begin_s = None if frame is None else seconds_of(frame.pts, frame.time_base)
    if frame is None or begin_s is None or frame.sample_rate != sample_rate:
        return None
    # As FileClock has it: a late beginning is a gap, rounded to a sample, and a small delay is none.
    gap = round((begin_s - zero_s) * sample_rate) if begin_s - zero_s > JITTER_S else 0
    return begin_s - gap / sample_rate


def _skip(container: InputContainer, aim_s: float) -> bool:
    """Go to a packet before a timestamp; whether that worked. In MP3, which is searched by guessing, packets are read
    and left out instead."""
    track = sound_track(container)
    if container.format.name == "mp3":
        return True
    if track.time_base is None:
        return False
    try:
        container.seek(math.floor(aim_s / track.time_base), stream=track)
    except av.error.FFmpegError:
        return False
    return True


def _from(packets: Iterator[Packet[AudioStream]], aim_s: float) -> Iterator[Packet[AudioStream]]:
    return (packet for packet in packets if (seconds_of(packet.pts, packet.time_base) or aim_s) >= aim_s)


def _warmed_up(frames: Iterator[DecodedFrame], from_s: float) -> Iterator[DecodedFrame]:
    return dropwhile(lambda frame: frame.begin_s is None or frame.begin_s < from_s, frames)


def _is_placed(first: DecodedFrame, zero_s: float, start_s: float, sample_rate: int) -> bool:
    """Whether a frame is at a whole sample of the file's clock, and in time."""
    if first.begin_s is None or first.begin_s - zero_s > start_s:
        return False
    sample = (first.begin_s - zero_s) * sample_rate
    return first.sample_rate == sample_rate and abs(sample - round(sample)) < _SAME_SAMPLE


def _forget_the_warm_up(tally: DecodingTally, first: DecodedFrame, zero_s: float) -> None:
    """Packets that need earlier ones to be decoded are no damage; what lies before counts as read."""
    tally.bad_packets = tally.bad_tail = 0
    tally.decoded_s = (first.begin_s or 0.0) - zero_s + first.length_s
