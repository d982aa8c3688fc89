"""SoundRing: the newest sound on disk, to be read, played and saved by its place on the stream's clock."""

from __future__ import annotations

import errno
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.kept.pieces import Piece, continuous, joined, to_int16
from core.audio.kept.ring_folder import RingFolder, sound_cache
from core.audio.kept.segments import RingLimits, Segment, Segments
from core.audio.kept.sound_files import write_sound
from core.audio.kept.take import Take
from core.errors import UserError

_log = logging.getLogger(__name__)
_CHUNK_SAMPLES = 1 << 18
_RETRY_S = 5.0


class SoundRing:
    """Keeps blocks as int16 in files below the cache folder. One thread writes; any thread reads and sets.

    root: where its folder is made, with the first sound; None for the cache folder. limits: may be replaced at any
    time. is_on: while False nothing is written, and what was kept is deleted. trouble: why sound cannot be kept at
    present; it is tried again every few seconds.
    """

    def __init__(
        self,
        root: Path | None = None,
        limits: RingLimits | None = None,
        *,
        is_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = root or sound_cache()
        self.limits = limits or RingLimits()
        self.is_on = is_on
        self.trouble: UserError | None = None
        self._clock = clock
        self._retry_at_s = 0.0
        self._folder: RingFolder | None = None
        self._segments: Segments | None = None
        self._is_unwanted = False

    @property
    def n_bytes(self) -> int:
        """Bytes on disk."""
        segments = self._segments
        return 0 if segments is None else segments.n_bytes

    @property
    def seconds(self) -> float:
        """Seconds of sound that are kept."""
        segments = self._segments
        return 0.0 if segments is None else segments.seconds

    # ----- reading, any thread -----

    def read(self, start_s: float, stop_s: float) -> tuple[Piece, ...]:
        """What is kept from start_s to stop_s (stream seconds), in order; what is missing is not there."""
        return joined(self.pieces(start_s, stop_s))

    def pieces(self, start_s: float, stop_s: float) -> Iterator[Piece]:
        """The same in pieces of a few seconds, each read from disk when it is asked for."""
        for segment, first, stop in self._found(start_s, stop_s):
            for begin in range(first, stop, _CHUNK_SAMPLES):
                samples = _samples(segment, begin, min(begin + _CHUNK_SAMPLES, stop))
                if len(samples):
                    assert segment.take.start_s is not None, "only placed takes are found"
                    yield Piece(samples, segment.sample_rate, begin, segment.take.start_s)

    def sample_rate(self, start_s: float, stop_s: float) -> int | None:
        """The rate of most of the sound from start_s to stop_s; None where none is kept."""
        seconds = Counter[int]()
        for segment, first, stop in self._found(start_s, stop_s):
            seconds[segment.sample_rate] += (stop - first) / segment.sample_rate  # type: ignore[assignment]
        return seconds.most_common(1)[0][0] if seconds else None

    def sound(self, start_s: float, stop_s: float, sample_rate: int) -> Iterator[NDArray[np.int16]]:
        """One continuous sound from start_s to stop_s in blocks, gaps as silence."""
        return continuous(self.pieces(start_s, stop_s), start_s, stop_s, sample_rate)

    def save(self, start_s: float, stop_s: float, path: Path) -> None:
        """Write the sound from start_s to stop_s as WAV or FLAC, at the device's rate, gaps as silence.

        Raises UserError where nothing is kept of it or the file cannot be written.
        """
        rate = self.require_rate(start_s, stop_s)
        write_sound(path, rate, self.sound(start_s, stop_s, rate))

    def require_rate(self, start_s: float, stop_s: float) -> int:
        """Like `sample_rate`. Raises UserError where no sound of the stretch is kept."""
        rate = self.sample_rate(start_s, stop_s)
        if rate is None:
            raise UserError(
                "The sound of this stretch is not kept.",
                "Choose a newer stretch, or keep more sound (Listen, Sound and disk…).",
            )
        return rate

    def extent(self, start_s: float, stop_s: float) -> tuple[float, float]:
        """Where the sound that is kept between start_s and stop_s begins and ends; an empty stretch for none."""
        ends_s = [
            (take_s + first / segment.sample_rate, take_s + stop / segment.sample_rate)
            for segment, first, stop in self._found(start_s, stop_s)
            for take_s in [segment.take.start_s or 0.0]
        ]
        return (max(min(ends_s)[0], start_s), min(max(ends_s)[1], stop_s)) if ends_s else (start_s, start_s)

    def _found(self, start_s: float, stop_s: float) -> Iterator[tuple[Segment, int, int]]:
        """Segments with the first and last sample (exclusive) that lie between start_s and stop_s, in order.

        An input goes on for a moment after the next one has taken over: its sound ends where that one's begins.
        """
        segments = self._segments
        rows = () if segments is None else segments.rows
        placed = [row for row in rows if row.take.start_s is not None and not row.take.is_discarded]
        starts_s = sorted({float(row.take.start_s or 0.0) for row in placed})
        found: list[tuple[float, int, Segment, int, int]] = []
        for order, row in enumerate(placed):
            take_s = row.take.start_s or 0.0
            end_s = min([stop_s, *(other for other in starts_s if other > take_s)])
            first = round((start_s - take_s) * row.sample_rate)
            stop = round((end_s - take_s) * row.sample_rate)
            for stretch in tuple(row.stretches):
                begin = max(first, stretch.first_sample)
                end = min(stop, stretch.first_sample + stretch.n_samples)
                if begin < end:
                    found.append((take_s + begin / row.sample_rate, order, row, begin, end))
        for _, _, row, begin, end in sorted(found, key=lambda item: item[:2]):
            yield row, begin, end

    # ----- writing, the writer's thread -----

    def write(self, take: Take, block: AudioBlock) -> None:
        """Keep a block. Never raises: what cannot be written is a gap."""
        if not self.is_on or take.is_discarded or self._clock() < self._retry_at_s:
            return
        try:
            segments = self._ready()
            segments.append(take, block.sample_rate, block.start_sample, to_int16(block.samples))
        except OSError as error:
            self._retry_at_s = self._clock() + _RETRY_S
            if self.trouble is None:
                _log.warning("sound cannot be kept: %s", error)
            self.trouble = _cannot_write(self.root, error)
        else:
            self.trouble = _nearly_full(self.root) if segments.is_cramped else None

    def tidy(self) -> None:
        """Keep to the limits and to `is_on`."""
        if self._segments is None:
            return
        if not self.is_on or self._is_unwanted:
            self._is_unwanted = False
            self._segments.delete()
        self._segments.limits = self.limits
        self._segments.tidy()

    def delete_all(self) -> None:
        """Have all that is kept deleted by the writer's thread; what comes in later is kept."""
        self._is_unwanted = True

    def close(self) -> None:
        """Delete everything, by the writer's thread at its end."""
        segments, self._segments = self._segments, None
        if segments is not None:
            segments.delete()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _ready(self) -> Segments:
        if self._folder is None or self._segments is None or not self._folder.path.is_dir():
            self._folder = RingFolder(self.root)
            self._segments = Segments(self._folder.path, self.limits)
        self._segments.limits = self.limits
        return self._segments


def _samples(segment: Segment, first: int, stop: int) -> NDArray[np.int16]:
    """Samples from the file; fewer or none where it has been deleted meanwhile."""
    for stretch in tuple(segment.stretches):
        if stretch.first_sample <= first < stretch.first_sample + stretch.n_samples:
            place = stretch.place + first - stretch.first_sample
            try:
                return np.fromfile(segment.path, np.int16, stop - first, offset=2 * place)
            except OSError:
                break
    return np.zeros(0, np.int16)


def _nearly_full(folder: Path) -> UserError:
    return UserError(
        f"The disk of {folder} is nearly full: only the newest sound is kept.",
        "Free some disk space, or switch off “Keep the newest sound” (Listen, Sound and disk…). Listening goes on.",
    )


def _cannot_write(folder: Path, error: OSError) -> UserError:
    remedy = "Free some disk space" if error.errno == errno.ENOSPC else "Make the folder writable"
    return UserError(
        f"Sound cannot be kept in {folder}: {error.strerror or error}.",
        f"{remedy}, or switch off “Keep the newest sound” (Listen, Sound and disk…). Listening goes on.",
    )
