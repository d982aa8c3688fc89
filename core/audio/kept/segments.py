"""Files of kept samples, oldest first, within a limit of bytes and seconds. For one writing thread."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.kept.take import Take

_LARGEST_BYTES = 2 << 20
"""About 20 seconds at 48 kHz: so much is deleted at once."""
_PER_LIMIT = 8
"""A segment is at most this part of a limit, so that small limits are kept to as well."""
_RESERVE_BYTES = 200 << 20
"""The ring leaves so much of the disk free for others."""
_LEAST_BYTES = 2 * _LARGEST_BYTES
"""So much it keeps all the same: some 40 seconds at 48 kHz, which others would hardly gain by."""
_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class RingLimits:
    """How much sound is kept. seconds: of sound, not of time. bytes: on disk; never exceeded."""

    seconds: float = 600.0
    bytes: int = 2 << 30

    def __post_init__(self) -> None:
        if not self.seconds > 0 or self.bytes < _SAMPLE_BYTES:
            raise ValueError(f"A ring cannot keep {self.seconds} s in {self.bytes} bytes.")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive samples: first_sample on the take's clock, and where they lie in the file, in samples."""

    first_sample: int
    n_samples: int
    place: int


@dataclass(slots=True, eq=False)
class Segment:
    """One file with sound of one take."""

    take: Take
    sample_rate: int
    path: Path
    file: FileIO
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    n_samples: int = 0

    @property
    def n_bytes(self) -> int:
        """Its size."""
        return self.n_samples * _SAMPLE_BYTES

    @property
    def seconds(self) -> float:
        """How much sound it holds."""
        return self.n_samples / self.sample_rate

    def append(self, first_sample: int, samples: NDArray[np.int16]) -> None:
        """Write samples. Raises OSError; what was written of them then does not count."""
        data = memoryview(samples.tobytes())
        self.file.seek(self.n_bytes)
        while data:
            data = data[self.file.write(data) or 0 :]
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.first_sample + last.n_samples == first_sample:
            self.stretches[-1] = Stretch(last.first_sample, last.n_samples + len(samples), last.place)
        else:
            self.stretches.append(Stretch(first_sample, len(samples), self.n_samples))
        self.n_samples += len(samples)

    def delete(self) -> None:
        """Close and remove the file."""
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self.path.unlink()


class Segments:
    """The files in a folder, which exists. `rows` may be copied by other threads."""

    def __init__(self, folder: Path, limits: RingLimits) -> None:
        self.limits = limits
        self.rows: tuple[Segment, ...] = ()
        self.is_cramped = False
        """The disk is so full that old sound is given up."""
        self._folder = folder
        self._open: dict[Take, Segment] = {}
        self._n_samples = Counter[int]()
        """By sample rate. Counted along: there may be hundreds of files, and a hundred blocks a second."""

    @property
    def n_bytes(self) -> int:
        """Bytes on disk."""
        return sum(self._n_samples.copy().values()) * _SAMPLE_BYTES

    @property
    def seconds(self) -> float:
        """Seconds of sound."""
        return sum(n_samples / rate for rate, n_samples in self._n_samples.copy().items())

    def append(self, take: Take, sample_rate: int, first_sample: int, samples: NDArray[np.int16]) -> None:
        """Keep samples of a take; the oldest sound makes room. Raises OSError."""
        for start, part in self._parts(sample_rate, samples):
            self._make_room(len(part) * _SAMPLE_BYTES)
            segment = self._segment(take, sample_rate, len(part))
            try:
                segment.append(first_sample + start, part)
            except OSError:
                self._close(take)
                raise
            self._n_samples[sample_rate] += len(part)
            self._keep_time()

    def delete(self, take: Take | None = None) -> None:
        """Delete the sound of a take, or all of it."""
        for segment in self.rows:
            if take is None or segment.take is take:
                self._remove(segment)

    def tidy(self) -> None:
        """Keep to limits that have become smaller, and delete what is not wanted."""
        for segment in self.rows:
            if segment.take.is_discarded:
                self._remove(segment)
        self._make_room(0)
        self._keep_time()

    def _parts(self, sample_rate: int, samples: NDArray[np.int16]) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """The samples in arrays that fit into a segment, without those that could not be kept anyway."""
        skipped = max(len(samples) - self.limits.bytes // _SAMPLE_BYTES, 0)
        most = self._segment_samples(sample_rate)
        for start in range(skipped, len(samples), most):
            yield start, samples[start : start + most]

    def _segment_samples(self, sample_rate: int) -> int:
        for_time = int(self.limits.seconds * sample_rate) // _PER_LIMIT
        return max(min(for_time, self._largest_bytes // _SAMPLE_BYTES), 1)

    @property
    def _largest_bytes(self) -> int:
        """The size of a full segment, unless the limit of seconds makes it smaller."""
        return min(_LARGEST_BYTES, self.limits.bytes // _PER_LIMIT)

    def _segment(self, take: Take, sample_rate: int, n_more: int) -> Segment:
        """The take's open segment, or a new one where that is full."""
        segment = self._open.get(take)
        if segment is not None and segment.n_samples + n_more <= self._segment_samples(sample_rate):
            return segment
        self._close(take)
        self._leave_reserve()
        path = self._folder / f"{uuid.uuid4().hex}.pcm"
        segment = self._open[take] = Segment(take, sample_rate, path, FileIO(path, "xb"))
        self.rows = (*self.rows, segment)
        return segment

    def _close(self, take: Take) -> None:
        segment = self._open.pop(take, None)
        if segment is not None:
            with suppress(OSError):
                segment.file.close()

    def _make_room(self, n_bytes: int) -> None:
        while self.rows and self.n_bytes + n_bytes > self.limits.bytes:
            self._remove(self.rows[0])

    def _keep_time(self) -> None:
        while self.rows and self.seconds - self.rows[0].seconds >= self.limits.seconds:
            self._remove(self.rows[0])

    def _leave_reserve(self) -> None:
        """Give up old sound while the disk is nearly full, but not the newest."""
        self.is_cramped = shutil.disk_usage(self._folder).free < _RESERVE_BYTES
        least = min(_LEAST_BYTES, self.limits.bytes) - self._largest_bytes
        while len(self.rows) > 1 and self.n_bytes - self.rows[0].n_bytes >= least:
            if shutil.disk_usage(self._folder).free >= _RESERVE_BYTES:
                break
            self._remove(self.rows[0])

    def _remove(self, segment: Segment) -> None:
        if self._open.get(segment.take) is segment:
            del self._open[segment.take]
        segment.delete()
        self._n_samples[segment.sample_rate] -= segment.n_samples
        self.rows = tuple(row for row in self.rows if row is not segment)
