"""Writes small media files of every kind for the tests, with PyAV and by hand. Reads nothing."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

TONE_HZ = 440.0


def tone(duration_s: float = 1.0, rate: int = 44_100, gain: float = 0.3) -> np.ndarray:
    """A sine, float32 `(n_samples,)`."""
    return (gain * np.sin(2 * np.pi * TONE_HZ * np.arange(round(duration_s * rate)) / rate)).astype(np.float32)


def write_encoded(
    path: Path, codec: str, duration_s: float = 1.0, rate: int = 44_100, layout: str = "mono", *, video: bool = False
) -> Path:
    """A tone through one of libav's encoders; with `video` a black picture of 10 frames a second beside it."""
    with av.open(str(path), "w") as container:
        picture = _add_picture(container) if video else None
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        sound = np.repeat(tone(duration_s, rate)[None], len(stream.layout.channels), axis=0)
        if picture is not None:
            _write_picture(container, picture, round(10 * duration_s))
        for first in range(0, sound.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, first : first + 1024]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_stretches(
    path: Path, codec: str, stretches: list[tuple[float, float]], rate: int = 48_000, *, video_s: float = 0.0
) -> Path:
    """A tone from each start to each stop, seconds by the timestamps; with `video_s` a black picture beside it."""
    with av.open(str(path), "w") as container:
        picture = _add_picture(container) if video_s else None
        stream = _add_mono(container, codec, rate)
        if picture is not None:
            _write_picture(container, picture, round(10 * video_s))
        for start_s, stop_s in stretches:
            _write_tone(container, stream, start_s, stop_s)
        container.mux(stream.encode(None))
    return path


def write_two_tracks(path: Path, codec: str, first_s: float, second_s: float, rate: int = 48_000) -> Path:
    """Two audio tracks, tones of two lengths."""
    with av.open(str(path), "w") as container:
        streams = [_add_mono(container, codec, rate) for _ in range(2)]
        for stream, length_s in zip(streams, (first_s, second_s), strict=True):
            _write_tone(container, stream, 0.0, length_s)
            container.mux(stream.encode(None))
    return path


def with_unknown_codec(path: Path, known: bytes, unknown: bytes) -> Path:
    """The file again, its first mention of a codec replaced by one that nobody knows."""
    whole = path.read_bytes()
    assert known in whole
    path.write_bytes(whole.replace(known, unknown, 1))
    return path


def write_silent_video(path: Path) -> Path:
    """A video without a sound track."""
    with av.open(str(path), "w") as container:
        _write_picture(container, _add_picture(container), 5)
    return path


def write_wav(path: Path, body: bytes, bits: int, rate: int = 16_000, channels: int = 1, *, tag: int = 1) -> Path:
    """A WAV by hand: `tag` is 1 for integers, 3 for floats."""
    block = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * block, block, bits)
    inner = b"WAVE" + form + struct.pack("<4sI", b"data", len(body)) + body
    path.write_bytes(struct.pack("<4sI", b"RIFF", len(inner)) + inner)
    return path


def truncated(path: Path, share: float) -> Path:
    """A copy that holds only the first `share` of the bytes."""
    whole = path.read_bytes()
    short = path.with_name(f"cut-{path.name}")
    short.write_bytes(whole[: round(len(whole) * share)])
    return short


def joined(path: Path, *parts: Path) -> Path:
    """The bytes of all `parts`, one behind the other."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def _add_mono(container: OutputContainer, codec: str, rate: int) -> av.AudioStream:
    stream = container.add_stream(codec, rate=rate)
    assert isinstance(stream, av.AudioStream)
    stream.layout = "mono"
    return stream


def _write_tone(container: OutputContainer, stream: av.AudioStream, start_s: float, stop_s: float) -> None:
    rate = stream.rate
    sound, start = tone(stop_s - start_s, rate), round(start_s * rate)
    for first in range(0, len(sound), 960):
        frame = av.AudioFrame.from_ndarray(sound[None, first : first + 960], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start + first, Fraction(1, rate)
        container.mux(stream.encode(frame))


def _add_picture(container: OutputContainer) -> av.VideoStream:
    stream = container.add_stream("mpeg4", rate=10)
    assert isinstance(stream, av.VideoStream)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    return stream


def _write_picture(container: OutputContainer, stream: av.VideoStream, n_frames: int) -> None:
    for _ in range(n_frames):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
