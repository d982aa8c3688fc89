"""Synthesised sounds as lively as recordings, and what is done to recordings. No test by itself."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16_000


def take(seed: int, seconds: float = 4.0) -> NDArray[np.float32]:
    """Notes with gliding overtones and hisses, at random times; another seed is another take."""
    random = np.random.default_rng(seed)
    sound = random.normal(0, 0.003, round(seconds * RATE))
    for begin in np.sort(random.uniform(0, seconds - 0.2, round(6 * seconds))):
        t = np.arange(round(random.uniform(0.1, 0.4) * RATE)) / RATE
        pitch = random.uniform(150, 900) * np.exp(random.normal(0, 0.5) * t)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        note = sum(random.uniform(0, 1) / k * np.sin(k * phase) for k in range(1, 9))
        hiss = random.normal(0, random.uniform(0, 0.5), len(t))
        event = (note + hiss) * np.hanning(len(t)) * random.uniform(0.05, 0.3)
        first = round(begin * RATE)
        sound[first : first + len(t)] += event[: len(sound) - first]
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def hum(seed: int, seconds: float = 3.0) -> NDArray[np.float32]:
    """Steady noise, as of rain."""
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


def write(path: Path, sound: NDArray[np.float32], rate: int = RATE) -> Path:
    """A 16-bit WAV, or FLAC by its name, in folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.round(np.clip(sound, -1, 1 - 2**-15) * 32_768).astype(np.int16), rate)
    return path


def encode(path: Path, sound: NDArray[np.float32], codec: str, rate: int, bit_rate: int) -> Path:
    """Through one of libav's lossy encoders. sound: at `rate`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout, stream.bit_rate = "mono", bit_rate
        for first in range(0, len(sound), 1152):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[None, first : first + 1152]), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
