"""Synthesised sounds, good files and rotten ones, for tests. Knows no microphone and no model."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 16000
Samples = NDArray[np.float32]


def sweep(seconds: float, rate_hz: int = RATE_HZ, low_hz: float = 200, high_hz: float = 6000) -> Samples:
    """A tone that rises from `low_hz` to `high_hz`, float32 `(n_samples,)` at half of full scale."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (low_hz * t + (high_hz - low_hz) * t * t / (2 * max(seconds, 1e-9)))
    return (0.5 * np.sin(phase)).astype(np.float32)


def clicks(seconds: float, rate_hz: int = RATE_HZ, every_s: float = 0.5) -> Samples:
    """Bursts of noise, 40 ms each, every `every_s` seconds, float32 `(n_samples,)`."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(7).standard_normal(len(t))
    return (0.15 * noise * (t % every_s < 0.04)).astype(np.float32)


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ, subtype: str = "PCM_16", channels: int = 1) -> Path:
    """A WAV file with the same `samples` in every channel; `subtype` as soundfile names it."""
    data = np.repeat(samples[:, None], channels, axis=1) if channels > 1 else samples
    soundfile.write(path, data, rate_hz, format="WAV", subtype=subtype)
    return path


def write_unsigned_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """An 8-bit WAV file by the standard library alone."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate_hz)
        out.writeframes(np.clip(samples * 127 + 128, 0, 255).astype(np.uint8).tobytes())
    return path


def write_mp3(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """An MP3 file."""
    soundfile.write(path, samples, rate_hz, format="MP3")
    return path


def write_silent_film(path: Path, frames: int = 25, side: int = 64) -> Path:
    """A video file with a picture and no sound at all."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=25)
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, 25)
        for index in range(frames):
            picture = np.full((side, side, 3), index * 9 % 256, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode())
    return path


def write_film(path: Path, samples: Samples, rate_hz: int = RATE_HZ, side: int = 64) -> Path:
    """A video file whose sound track is `samples`, as AAC."""
    with av.open(str(path), "w") as film:
        video = film.add_stream("mpeg4", rate=25)
        video.width = video.height = side
        video.pix_fmt = "yuv420p"
        audio = film.add_stream("aac", rate=rate_hz, layout="mono")
        for _ in range(max(1, round(25 * len(samples) / rate_hz))):
            film.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        film.mux(audio.encode(frame))
        film.mux(video.encode())
        film.mux(audio.encode())
    return path


def truncate(path: Path, source: Path, keep: float = 0.4) -> Path:
    """The first part `keep` of `source`, as a broken download leaves it."""
    whole = source.read_bytes()
    path.write_bytes(whole[: round(len(whole) * keep)])
    return path
