"""Reads the length that a media file declares, where its header can be trusted.

libav shortens a WAV's length to what is in the file, and guesses where the header says nothing; so the headers of WAV
and MP3 are read here. WAVs written to a pipe declare a length of 0, or one just below the largest number that fits into
31 or 32 bits: that means unknown.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from av import AudioStream
from av.container import InputContainer

from core.audio.decoding.pcm import pcm_sample_bytes

# Placeholders are near a limit, minus some header or rounding (0x7FFFF000, 0x80000000, 0xFFFFFFFF - 36).
_NEAR_LIMIT_BYTES = 0x1_0000
_LONG_WAVS = (b"RF64", b"BW64")
_SEE_DS64 = 0xFFFF_FFFF
_EXACT_S = 0.1
# Some programs include a header in the size of the data.
_SLOPPY_SHARE = 0.05
# libav's names of containers whose header counts the samples, or the ticks of each track
_COUNTS_SAMPLES = {"aiff", "flac", "au", "tta", "wv"}
_COUNTS_TICKS = {"wav", "mov,mp4,m4a,3gp,3g2,mj2"}
_ID3_HEADER_BYTES = 10
_MP3_LOOK_BYTES = 4096
_CLOCK_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")

# kbit/s by index, ISO/IEC 11172-3 and 13818-3, layer III
_MPEG1_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True, slots=True)
class DeclaredLength:
    """length_s: what the header declares, None if it cannot be trusted. tolerance_s: what may be missing without loss.
    is_end: it counts from timestamp 0 rather than from the track's first sample."""

    length_s: float | None = None
    tolerance_s: float = 0.25  # room for an encoder's padding
    is_end: bool = False


def declared_length(path: Path, container: InputContainer, track: AudioStream) -> DeclaredLength:
    """What the header of an open file declares for one of its tracks."""
    name = container.format.name
    if name == "wav" and (sample_bytes := pcm_sample_bytes(track)):
        n_bytes = _wav_data_bytes(path)
        if not n_bytes or not track.rate:
            return DeclaredLength()
        length_s = n_bytes / (sample_bytes * track.rate)  # not by the header's byte rate, which is often wrong
        return DeclaredLength(length_s, min(_EXACT_S, length_s * _SLOPPY_SHARE))
    if name == "mp3":
        return DeclaredLength(_mp3_length_s(path))
    if name in _COUNTS_SAMPLES:
        return DeclaredLength(track_length_s(track), _EXACT_S)
    if name in _COUNTS_TICKS:
        return DeclaredLength(track_length_s(track))
    if name == "matroska,webm":
        return DeclaredLength(_matroska_end_s(container, track), is_end=True)
    return DeclaredLength()


def track_length_s(track: AudioStream) -> float | None:
    """The length of a track according to libav; None if it does not know."""
    if track.duration is None or track.time_base is None:
        return None
    return float(track.duration * track.time_base)


def last_mp3_frame_is_cut(packet: bytes) -> bool:
    """Whether `packet` starts with an MPEG layer III frame and ends before the end of that frame."""
    frame = _Mp3Frame.of(packet)
    return frame is not None and len(packet) < frame.n_bytes


@dataclass(frozen=True, slots=True)
class _Mp3Frame:
    """The header of an MPEG layer III frame; n_bytes is 0 for a free bit rate."""

    n_samples: int
    sample_rate: int
    n_bytes: int

    @classmethod
    def of(cls, packet: bytes) -> _Mp3Frame | None:
        """The frame at the start of `packet`; None if there is none."""
        if len(packet) < 4 or packet[0] != 0xFF or packet[1] & 0xE6 != 0xE2:
            return None
        version, bit_rate_index, rate_index = packet[1] >> 3 & 3, packet[2] >> 4, packet[2] >> 2 & 3
        if version == 1 or rate_index == 3 or bit_rate_index == 15:
            return None
        kbits = (_MPEG1_KBITS if version == 3 else _MPEG2_KBITS)[bit_rate_index]
        n_samples = 1152 if version == 3 else 576
        sample_rate = _MP3_RATES_HZ[version][rate_index]
        return cls(n_samples, sample_rate, n_samples // 8 * kbits * 1000 // sample_rate)


def _matroska_end_s(container: InputContainer, track: AudioStream) -> float | None:
    """Where a track ends, counted from 0: the header has the end of the longest track, a tag that of each track.

    Some programs write the track's length into that tag, which is never later than its end. A tag left over from a
    longer file is not trusted beyond the header.
    """
    if not container.duration or container.streams.video:
        return None
    end_s = container.duration / 1e6
    if len(container.streams) == 1:
        return end_s
    tag = _CLOCK_TIME.fullmatch(track.metadata.get("DURATION", ""))
    return min(end_s, int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])) if tag else None


def _wav_data_bytes(path: Path) -> int | None:
    """The size of the data according to a WAV's header; None for a placeholder."""
    with path.open("rb") as file:
        kind = file.read(12)
        if kind[:4] not in (b"RIFF", *_LONG_WAVS) or kind[8:] != b"WAVE":
            return None
        long_bytes = 0
        while len(head := file.read(8)) == 8:
            tag, size = struct.unpack("<4sI", head)
            if tag == b"data":
                return long_bytes or None if size == _SEE_DS64 else None if _is_placeholder(size) else size
            body = file.tell()
            if tag == b"ds64" and kind[:4] in _LONG_WAVS:
                long_bytes = int.from_bytes(file.read(16)[8:], "little")
            file.seek(body + size + size % 2)
    return None


def _is_placeholder(n_bytes: int) -> bool:
    return not n_bytes or any(abs(n_bytes - limit) < _NEAR_LIMIT_BYTES for limit in (2**31, 2**32))


def _mp3_length_s(path: Path) -> float | None:
    """From the number of frames in the first frame's Xing, Info or VBRI header."""
    with path.open("rb") as file:
        head = file.read(_ID3_HEADER_BYTES)
        if head[:3] == b"ID3" and len(head) == _ID3_HEADER_BYTES:
            # four times seven bits
            file.seek(_ID3_HEADER_BYTES + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]))
        else:
            file.seek(0)
        start = file.read(_MP3_LOOK_BYTES)
    frame = _Mp3Frame.of(start)
    n_frames = _counted_frames(start)
    return n_frames * frame.n_samples / frame.sample_rate if frame and n_frames else None


def _counted_frames(start: bytes) -> int | None:
    for tag in (b"Xing", b"Info"):
        at = start.find(tag)
        if 0 <= at <= len(start) - 12:
            return struct.unpack_from(">I", start, at + 8)[0] if start[at + 7] & 1 else None
    at = start.find(b"VBRI")
    return struct.unpack_from(">I", start, at + 14)[0] if 0 <= at <= len(start) - 18 else None
