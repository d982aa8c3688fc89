"""Pieces of kept sound on the stream's clock, and one continuous sound made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.audio.resample import StreamResampler

_SILENCE_SAMPLES = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of one take."""

    samples: NDArray[np.int16]
    """int16 `(n,)`."""
    sample_rate: int
    """Hz, the device's own."""
    first_sample: int
    """The place of `samples[0]`, counted since the take began."""
    take_start_s: float
    """Where the take began, in stream seconds."""

    @property
    def start_s(self) -> float:
        """Where it begins, in stream seconds."""
        return self.take_start_s + self.first_sample / self.sample_rate

    @property
    def stop_s(self) -> float:
        """Where it ends, in stream seconds."""
        return self.take_start_s + self.end_sample / self.sample_rate

    @property
    def end_sample(self) -> int:
        """The place after its last sample."""
        return self.first_sample + len(self.samples)

    def follows(self, other: Piece) -> bool:
        """Whether it begins where `other` ends, in the same take."""
        return self.take_start_s == other.take_start_s and self.first_sample == other.end_sample


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples in [-1, 1] as 16-bit numbers; louder ones are clipped. What was 16 bit before comes back exactly."""
    return np.clip(np.rint(samples * np.float32(32768.0)), -32768, 32767).astype(np.int16)


def to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """The inverse of `to_int16`: float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(32768.0)


def joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The same sound with pieces that follow each other joined."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and piece.follows(groups[-1][-1]):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return tuple(
        replace(group[0], samples=np.concatenate([piece.samples for piece in group])) if len(group) > 1 else group[0]
        for group in groups
    )


def continuous(pieces: Iterable[Piece], start_s: float, stop_s: float, sample_rate: int) -> Iterator[NDArray[np.int16]]:
    """One sound from start_s to stop_s at `sample_rate`, in blocks: pieces in order, gaps as silence.

    Pieces at that rate keep their samples; others are resampled.
    """
    n_wanted = max(round((stop_s - start_s) * sample_rate), 0)
    position = 0
    for begin, samples in _placed(pieces, start_s, sample_rate):
        samples = samples[max(position - begin, 0) : max(n_wanted - begin, 0)]
        begin = max(begin, position)
        if len(samples):
            yield from _silence(begin - position)
            yield samples
            position = begin + len(samples)
    yield from _silence(n_wanted - position)


def _placed(pieces: Iterable[Piece], start_s: float, sample_rate: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """Samples at `sample_rate`, and where each array begins, counted from start_s."""
    resampler: StreamResampler | None = None
    previous: Piece | None = None
    position = 0
    for piece in pieces:
        is_next = previous is not None and piece.follows(previous)
        if resampler is not None and not is_next:
            yield position, to_int16(resampler.flush())
            resampler = None
        previous = piece
        if piece.sample_rate == sample_rate:
            # In whole samples of the take: rounding each piece's time would move some of them by one.
            yield piece.first_sample - round((start_s - piece.take_start_s) * sample_rate), piece.samples
            continue
        if resampler is None:
            resampler = StreamResampler(piece.sample_rate, sample_rate)
            position = round((piece.start_s - start_s) * sample_rate)
        ready = to_int16(resampler.push(to_float(piece.samples)))
        yield position, ready
        position += len(ready)
    if resampler is not None:
        yield position, to_int16(resampler.flush())


def _silence(n_samples: int) -> Iterator[NDArray[np.int16]]:
    """Zeros in blocks: a gap may last for hours."""
    while n_samples > 0:
        yield np.zeros(min(n_samples, _SILENCE_SAMPLES), np.int16)
        n_samples -= _SILENCE_SAMPLES
