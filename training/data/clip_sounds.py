"""Waveforms of clips, each decoded once for all runs into one file of 16-bit samples. Knows no label and no model."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic_write import atomic_file
from core.errors import UserError
from training.data.frame_cache import cache_bytes, cache_folders, clips_cache, evict
from training.data.layouts.clip_parts import cut
from training.data.manifest import LabelledClip

_FULL_SCALE = 32767.0


@dataclass(frozen=True, slots=True)
class ClipSounds:
    """Waveforms of clips in one file, read where they are needed; copies work in other processes."""

    path: Path
    """Little-endian int16 samples of all clips, one after the other."""
    starts: NDArray[np.int64]
    """First sample of each clip in the file, `(clips + 1,)`; the last is the end of the file."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def samples_of(self, index: int) -> NDArray[np.float32]:
        """Float32 `(n,)` of one clip, -1 to 1. Raises UserError where the file is gone."""
        first, end = int(self.starts[index]), int(self.starts[index + 1])
        try:
            samples = np.fromfile(self.path, "<i2", count=end - first, offset=2 * first)
        except OSError as error:
            problem = f"The decoded clips in {self.path.name} are gone ({error.strerror})."
            raise UserError(problem, "Resume the run: it decodes them again.") from error
        return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def load_sounds(
    clips: Sequence[LabelledClip],
    sample_rate: int,
    longest_s: float = 30.0,
    report: Callable[[int, int], None] | None = None,
) -> ClipSounds:
    """Decode the first `longest_s` of each clip at `sample_rate`, unless an earlier run has; memory does not grow with
    the clips. What runs have not used for longest makes room (see `frame_cache`).

    report: called with the number of clips done and of all. Raises UserError that names the clips that cannot be read.
    """
    cache, most_bytes = clips_cache(), cache_bytes()
    folder = cache / "sounds"
    name = _name_of(clips, sample_rate, longest_s)
    path, index = folder / f"{name}.i16", folder / f"{name}.json"
    if not (path.is_file() and index.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        lengths: list[int] = []
        with atomic_file(path) as file:
            for samples in _decoded(clips, sample_rate, round(longest_s * sample_rate)):
                file.write(np.round(samples.clip(-1, 1) * _FULL_SCALE).astype("<i2").tobytes())
                lengths.append(len(samples))
                if report:
                    report(len(lengths), len(clips))
        with atomic_file(index) as file:
            file.write(json.dumps(lengths).encode())
        evict(cache_folders(cache), most_bytes)
    for part in (path, index):
        os.utime(part)  # in use: see `evict`
    lengths = json.loads(index.read_bytes())
    return ClipSounds(path, np.cumsum([0, *lengths], dtype=np.int64))


def _decoded(clips: Sequence[LabelledClip], sample_rate: int, most: int) -> Iterator[NDArray[np.float32]]:
    def decode(clip: LabelledClip) -> NDArray[np.float32] | UserError:
        first, end = clip.part.span(sample_rate)
        try:
            [part] = cut(clip.path, sample_rate, [(first, min(end, first + most))], most)
        except UserError as error:
            return error
        except OSError as error:
            return UserError(f"{clip.name} cannot be opened ({error.strerror}).", "Look where it went.")
        return part.samples

    errors: list[str] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for found in pool.map(decode, clips):
            if isinstance(found, UserError):
                errors.append(found.problem)
            elif not errors:
                yield found
    if errors:
        raise UserError(f"{len(errors)} clips cannot be read. {' '.join(errors[:10])}", "Fix them, or take them out.")


def _name_of(clips: Sequence[LabelledClip], sample_rate: int, longest_s: float) -> str:
    """Changes with the clips' paths, sizes and times of change."""
    digest = hashlib.sha256(f"{sample_rate} {longest_s}".encode())
    for clip in clips:
        found = os.stat(clip.path)
        part = (clip.part.start_s, clip.part.end_s)
        digest.update(repr((str(clip.path.absolute()), part, found.st_size, found.st_mtime_ns)).encode())
    return digest.hexdigest()[:32]
