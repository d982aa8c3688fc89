"""Writes sound as WAV or FLAC files, 16 bit, mono."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
from numpy.typing import NDArray

from core.atomic_write import atomic_file
from core.errors import UserError

Blocks = Iterable[NDArray[np.int16]]


def write_sound(path: Path, sample_rate: int, blocks: Blocks) -> None:
    """Write blocks int16 `(n,)` into a file of the kind that its name ends with; whole, or not at all.

    Raises UserError for another kind, a WAV of more than 4 GB, and a folder that cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in SOUND_KINDS:
        raise UserError(
            f"Sound cannot be saved as “{path.name}”.", f"End the name with {' or '.join(sorted(SOUND_KINDS))}."
        )
    try:
        with atomic_file(path) as file:
            SOUND_KINDS[kind](file, sample_rate, blocks)
    except OSError as error:
        raise UserError(
            f"“{path}” cannot be written: {error.strerror or error}.", "Choose another folder, or free some disk space."
        ) from error


class FlacWriter:
    """Writes a FLAC file as sound comes in. file: writable and seekable. Raises OSError (also av.error.FFmpegError)."""

    def __init__(self, file: IO[bytes], sample_rate: int) -> None:
        self.n_samples = 0
        self._rate = sample_rate
        # Any: av's stubs know neither flac nor the types of packets.
        self._container: Any = av.open(file, "w", format="flac")
        self._stream: Any = self._container.add_stream("flac", rate=sample_rate, layout="mono", format="s16")

    def write(self, samples: NDArray[np.int16]) -> None:
        """Append samples `(n,)`."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self.n_samples
        self.n_samples += len(samples)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the rest and the length."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


def _write_wav(file: IO[bytes], sample_rate: int, blocks: Blocks) -> None:
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        for block in blocks:
            if writer.tell() + len(block) > _MOST_WAV_SAMPLES:
                raise UserError("A WAV file cannot hold more than 4 GB.", "Save it as FLAC, or save a shorter part.")
            writer.writeframesraw(block.astype("<i2").tobytes())


def _write_flac(file: IO[bytes], sample_rate: int, blocks: Blocks) -> None:
    writer = FlacWriter(file, sample_rate)
    for block in blocks:
        writer.write(block)
    writer.close()


_MOST_WAV_SAMPLES = (2**32 - 1024) // 2
SOUND_KINDS: dict[str, Callable[[IO[bytes], int, Blocks], None]] = {".wav": _write_wav, ".flac": _write_flac}
"""Suffix of a file → its writer."""
