"""How long a media file says it is, where its header can be believed. Decodes nothing.

libav shortens a WAV's length to what the file holds, and guesses where a header is silent; so the headers of
WAV and MP3 are read here. Streams written to a pipe carry a length of 0 or of about 2 or 4 GiB: unknown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av import AudioStream
from av.container import InputContainer

_UNKNOWN_BYTES = 0x7FFF_0000
_EXACT_S = 0.1
# libav's names of containers whose header counts the samples, or the ticks of each track
_COUNTS_SAMPLES = {"aiff", "flac", "au", "tta", "wv"}
_COUNTS_TICKS = {"wav", "mov,mp4,m4a,3gp,3g2,mj2"}
_ID3_HEADER_BYTES = 10
_MP3_LOOK_BYTES = 4096

# kbit/s by index, ISO/IEC 11172-3 and 13818-3, layer III
_MPEG1_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True, slots=True)
class DeclaredLength:
    """length_s: what the header promises, None when nothing firm. tolerance_s: what may be missing without loss."""

    length_s: float | None = None
    tolerance_s: float = 0.25  # room for an encoder's padding


def declared_length(path: Path, container: InputContainer, stream: AudioStream) -> DeclaredLength:
    """What the header of an opened file promises."""
    name = container.format.name
    if name == "wav" and stream.codec_context.name.startswith("pcm_"):
        return DeclaredLength(_wav_length_s(path), _EXACT_S)
    if name == "mp3":
        return DeclaredLength(_mp3_length_s(path))
    if name in _COUNTS_SAMPLES:
        return DeclaredLength(_stream_length_s(stream), _EXACT_S)
    if name in _COUNTS_TICKS:
        return DeclaredLength(_stream_length_s(stream))
    if name == "matroska,webm" and not container.streams.video and container.duration:
        return DeclaredLength(container.duration / 1e6)
    return DeclaredLength()


def last_mp3_frame_is_cut(packet: bytes) -> bool:
    """Whether `packet` begins as an MPEG layer III frame and ends before that frame does."""
    frame = _Mp3Frame.of(packet)
    return frame is not None and len(packet) < frame.n_bytes


@dataclass(frozen=True, slots=True)
class _Mp3Frame:
    """What the header of an MPEG layer III frame says; n_bytes is 0 where that is free."""

    n_samples: int
    sample_rate: int
    n_bytes: int

    @classmethod
    def of(cls, packet: bytes) -> _Mp3Frame | None:
        """The frame that `packet` begins with, None when it does not begin with one."""
        if len(packet) < 4 or packet[0] != 0xFF or packet[1] & 0xE6 != 0xE2:
            return None
        version, bit_rate_index, rate_index = packet[1] >> 3 & 3, packet[2] >> 4, packet[2] >> 2 & 3
        if version == 1 or rate_index == 3 or bit_rate_index == 15:
            return None
        kbits = (_MPEG1_KBITS if version == 3 else _MPEG2_KBITS)[bit_rate_index]
        n_samples = 1152 if version == 3 else 576
        sample_rate = _MP3_RATES_HZ[version][rate_index]
        return cls(n_samples, sample_rate, n_samples // 8 * kbits * 1000 // sample_rate)


def _stream_length_s(stream: AudioStream) -> float | None:
    if stream.duration is None or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)


def _wav_length_s(path: Path) -> float | None:
    with path.open("rb") as file:
        kind = file.read(12)
        if kind[:4] not in (b"RIFF", b"RF64") or kind[8:] != b"WAVE":
            return None
        bytes_per_s, long_bytes = 0, None
        while len(head := file.read(8)) == 8:
            tag, size = struct.unpack("<4sI", head)
            if tag == b"data":
                n_bytes = long_bytes if long_bytes is not None else size
                is_known = 0 < n_bytes < _UNKNOWN_BYTES or long_bytes is not None
                return n_bytes / bytes_per_s if bytes_per_s and is_known else None
            body = file.read(size) if tag in (b"fmt ", b"ds64") else _skip(file, size)
            if tag == b"fmt " and size >= 12:
                bytes_per_s = struct.unpack_from("<I", body, 8)[0]
            elif tag == b"ds64" and size >= 16:
                long_bytes = struct.unpack_from("<Q", body, 8)[0]
            file.seek(size % 2, 1)
    return None


def _skip(file: BinaryIO, n_bytes: int) -> bytes:
    file.seek(n_bytes, 1)
    return b""


def _mp3_length_s(path: Path) -> float | None:
    """By the number of frames in the first frame's Xing, Info or VBRI header."""
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
