"""Loads labelled clips as log-mel frames and decodes each only once for all runs, splits and folds.

Decoded frames are kept in the user's cache folder: `keys.sqlite` (see `content_keys`) and, below `log-mel`, a folder
for each front end (see `frame_cache`). Together they take up to 20 GB or SOUNDMARK_CACHE_GB; what runs are using is
kept even beyond that."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.unforeseen import unforeseen
from training.data.content_keys import ClipKeys, ContentKey, content_key
from training.data.frame_cache import (
    IN_USE_S,
    CacheError,
    FrameCache,
    cache_bytes,
    cache_folders,
    clips_cache,
    evict,
)
from training.data.layouts.clip_parts import Part, cut
from training.data.manifest import LabelledClip

_CLIPS_PER_CHUNK = 256


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """Raw log-mel of clips, read one clip at a time."""

    lengths: NDArray[np.int64]
    """Frames of each clip, `(clips,)`."""
    targets: NDArray[np.float32]
    """`(clips, labels)`, 1 where a clip has the label."""
    read: Callable[[int], NDArray[np.float16]]
    """Returns a clip's frames `(length, mels)` by its index."""
    unknown: NDArray[np.bool_] | None = None
    """`(clips, labels)`: True where it is unknown whether a clip has the label. The target is 0 there, and is ignored
    in losses and metrics. None where everything is known of every clip."""

    def __len__(self) -> int:
        return len(self.lengths)

    def frames_of(self, index: int) -> NDArray[np.float16]:
        """The frames of one clip, `(length, mels)`, read-only. Raises UserError if they are not cached and the file
        cannot be read."""
        return self.read(index)


def load_clips(
    clips: tuple[LabelledClip, ...],
    n_labels: int,
    log_mel: LogMelConfig,
    max_s: float = 10.24,
    report: Callable[[int, int], None] | None = None,
) -> ClipFrames:
    """Decode the first `max_s` seconds of each clip, unless they are cached; memory use does not grow with the number
    of clips.

    report: called with the number of clips done and the total. Raises one UserError that names all unreadable clips.
    """
    cache, max_bytes = clips_cache(), cache_bytes()
    sources = [(str(clip.path), clip.part) for clip in clips]
    stored = CachedClips(sources, log_mel, round(max_s * 100), cache / "log-mel")
    lengths = stored.prepare(ClipKeys(cache / "keys.sqlite"), report or (lambda done, total: None))
    if stored.has_grown:
        evict(cache_folders(cache), max_bytes)
    has_unknown = any(clip.unknown for clip in clips)
    unknown = multi_hot([clip.unknown for clip in clips], n_labels).astype(bool) if has_unknown else None
    return ClipFrames(lengths, multi_hot([clip.labels for clip in clips], n_labels), stored, unknown)


def multi_hot(labels: Sequence[tuple[int, ...]], n_labels: int) -> NDArray[np.float32]:
    """Float32 `(clips, labels)`: 1 where a clip has the label."""
    targets = np.zeros((len(labels), n_labels), np.float32)
    for row, present in zip(targets, labels, strict=True):
        row[list(present)] = 1.0
    return targets


def frame_statistics(clips: ClipFrames) -> tuple[float, float]:
    """Mean and standard deviation of the raw log-mel, over all frames and bins of all clips."""
    total, squares, count = 0.0, 0.0, 0
    for index in range(len(clips)):
        part = clips.frames_of(index).astype(np.float64)
        total, squares, count = total + part.sum(), squares + np.vdot(part, part), count + part.size
    mean = total / count
    return float(mean), float(np.sqrt(squares / count - mean**2))


class CachedClips:
    """Reads the frames of clips from the cache, and decodes clips whose entry is missing or damaged.

    A file may be gone or changed as long as its frames are cached. Parts of one file are decoded in one pass. Instances
    can be pickled to other processes.
    """

    def __init__(
        self, sources: Sequence[tuple[str, Part]], log_mel: LogMelConfig, max_frames: int, folder: Path
    ) -> None:
        """sources: the path of each clip's file, and the part of it that is the clip."""
        self._paths = tuple(os.path.abspath(path) for path, _ in sources)
        self._parts = tuple(part for _, part in sources)
        self.has_grown = False
        """Whether it has added anything to the cache."""
        self._max_frames = max_frames
        self._log_mel = LogMel(log_mel)
        self._cache = FrameCache(folder / _folder_name(log_mel, max_frames), log_mel.n_mels)
        self._keys = [""] * len(sources)
        self._verified_at = np.zeros(len(sources))

    def __call__(self, index: int) -> NDArray[np.float16]:
        """The frames of one clip. Their checksum is verified at the first reading and then twice a day."""
        is_due = time.time() - self._verified_at[index] > IN_USE_S / 4
        frames = self._cache.read(self._keys[index], verify=is_due)
        if frames is None:
            frames = self._decode_again(index)
        if is_due:
            self._cache.length_of(self._keys[index])  # marks it as in use, for other processes
            self._verified_at[index] = time.time()
        return frames

    def prepare(self, known_keys: ClipKeys, report: Callable[[int, int], None]) -> NDArray[np.int64]:
        """Make sure that the frames of all clips are cached; returns their lengths `(clips,)`. Raises one UserError
        that names all unreadable clips."""
        lengths = np.zeros(len(self._paths), np.int64)
        errors = dict[int, UserError]()
        n_done = 0
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for chunk in _chunks(_rotated_indices(len(self._paths))):
                known = known_keys.known([self._paths[i] for i in chunk])
                new = dict[str, ContentKey]()
                files = self._by_file(chunk)
                for found, key in pool.map(self._prepare, files, itertools.repeat(known)):
                    for i, result in found.items():
                        n_done += 1
                        report(n_done, len(self._paths))
                        if isinstance(result, UserError):
                            errors[i] = result
                        else:
                            lengths[i] = result
                    if key is not None and known.get(key.path) != key:
                        new[key.path] = key
                known_keys.remember(new.values())
        if errors:
            problems = " ".join(errors[i].problem for i in sorted(errors)[:10])
            problem = f"{len(errors)} clips cannot be read. {problems}"
            raise UserError(problem, "Fix them, or remove them from the list.")
        return lengths

    def _by_file(self, chunk: Sequence[int]) -> list[list[int]]:
        """Group clips by file, because one pass decodes all clips of a file."""
        files: dict[str, list[int]] = {}
        for i in chunk:
            files.setdefault(self._paths[i], []).append(i)
        return list(files.values())

    def _prepare(
        self, members: Sequence[int], known: dict[str, ContentKey]
    ) -> tuple[dict[int, int | UserError], ContentKey | None]:
        """Make sure that the clips of one file are cached; returns each clip's length in frames or its error, and the
        file's key."""
        path, found, key = self._paths[members[0]], dict[int, int | UserError](), None
        try:
            key = known.get(path)
            if key is None or not key.is_current():
                key = content_key(path)
            new = [i for i in members if not self._is_cached(i, key, found)]
            if new:
                key = content_key(path)
                for i, frames in self._decode(path, key, new):
                    found[i] = frames if isinstance(frames, UserError) else len(frames)
        except CacheError:
            raise  # a full disk is not the clip's fault, and the next clip would fail too
        except UserError as error:
            why = error
        except OSError as error:
            problem = f"{os.path.basename(path)} cannot be opened ({error.strerror})."
            why = UserError(problem, "Put it back, or check that your account may read it.")
        except Exception as error:  # an unexpected error in one clip must not hide the others' errors
            why = unforeseen(path, "read", error)
        else:
            return found, key
        return {i: found.get(i, why) for i in members}, key

    def _is_cached(self, index: int, file_key: ContentKey, found: dict[int, int | UserError]) -> bool:
        """Whether a clip's frames are cached; if so, adds their length to `found`."""
        key = self._parts[index].key(file_key.key)
        length = self._cache.length_of(key)
        if length is not None:
            self._keys[index], found[index] = key, length
        return length is not None

    def _decode_again(self, index: int) -> NDArray[np.float16]:
        path = self._paths[index]
        try:
            key = content_key(path)
            if self._parts[index].key(key.key) != self._keys[index]:
                problem = f"{os.path.basename(path)} has changed, and its decoded frames are no longer cached."
                raise UserError(problem, "Start a new run with the clips as they are now.")
            [(_, frames)] = self._decode(path, key, [index])
        except OSError as error:
            problem = f"{os.path.basename(path)} is missing, and so are its decoded frames ({error.strerror})."
            raise UserError(problem, "Put the clip back, or start a new run without it.") from error
        if isinstance(frames, UserError):
            raise frames
        return frames

    def _decode(
        self, path: str, key: ContentKey, members: Sequence[int]
    ) -> Iterator[tuple[int, NDArray[np.float16] | UserError]]:
        """Decode and cache clips of one file in one pass; yields each clip's frames or its error.

        key: of the file as it is now. Raises UserError or OSError for faults of the file.
        """
        rate, max_samples = self._log_mel.config.sample_rate, self._log_mel.config.samples_for(self._max_frames)
        spans = [self._parts[i].span(rate) for i in members]
        # A long file is not decoded further than needed.
        spans = [(first, min(last, first + max_samples)) for first, last in spans]
        for piece in cut(path, rate, spans, max_samples):
            i = members[piece.index]
            name = f"{os.path.basename(path)}{self._parts[i].describe()}"
            frames = self._log_mel(piece.samples).astype(np.float16)
            if not len(frames):
                yield i, UserError(f"{name} is shorter than 25 ms.", "Remove it.")
                continue
            if not key.is_current():
                raise UserError(f"{name} changed while it was read.", "Try again when it is complete.")
            self._keys[i] = self._parts[i].key(key.key)
            self._cache.write(self._keys[i], frames)
            self.has_grown = True
            yield i, frames


def _folder_name(log_mel: LogMelConfig, max_frames: int) -> str:
    """A hash of the front end, without its statistics: raw log-mel does not depend on them."""
    front_end = {key: value for key, value in asdict(log_mel).items() if key not in ("mean", "std")}
    return hashlib.sha256(json.dumps([front_end, max_frames], sort_keys=True).encode()).hexdigest()[:16]


def _rotated_indices(n_clips: int) -> Iterator[int]:
    """All indices, starting at a place that depends on the process: processes that decode the same clips share work."""
    first = int(n_clips * (os.getpid() * 0.618 % 1))
    return itertools.chain(range(first, n_clips), range(first))


def _chunks(indices: Iterator[int]) -> Iterator[list[int]]:
    while chunk := list(itertools.islice(indices, _CLIPS_PER_CHUNK)):
        yield chunk
