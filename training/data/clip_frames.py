"""Labelled clips as log-mel frames, each decoded once for all runs, splits and folds. Knows no chance and no model.

What is decoded lies in the user's cache folder: `keys.sqlite` (see `clip_keys`) and below `log-mel` a folder for each
front end (see `frame_store`), in all at most 20 GB, or as many as SOUNDMARK_CACHE_GB says, beyond what runs are using.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.unforeseen import unforeseen
from training.data.content_keys import ClipKeys, ContentKey, content_key
from training.data.frame_cache import IN_USE_S, FrameStore, StoreError, evict
from training.data.layouts.clip_parts import Part, cut
from training.data.manifest import LabelledClip

_MOST_GB = 20.0
_CLIPS_A_CHUNK = 256


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """Raw log-mel of clips, and what is known of their labels."""

    lengths: NDArray[np.int64]
    """`(clips,)`, in frames."""
    targets: NDArray[np.float32]
    """`(clips, labels)`: 1 where a clip has the label."""
    read: Callable[[int], NDArray[np.float16]]
    """Gives a clip's frames by its index."""
    unknown: NDArray[np.bool_] | None = None
    """`(clips, labels)`: true where nobody says whether a clip has the label; its target is then 0, and counts neither
    in a loss nor in a metric. None where all is known of every clip."""

    def __len__(self) -> int:
        return len(self.lengths)

    def frames_of(self, index: int) -> NDArray[np.float16]:
        """Float16 `(length, mels)` of one clip, read-only. Raises UserError when it is neither stored nor readable."""
        return self.read(index)


def load_clips(
    clips: tuple[LabelledClip, ...],
    n_labels: int,
    log_mel: LogMelConfig,
    longest_s: float = 10.24,
    report: Callable[[int, int], None] | None = None,
) -> ClipFrames:
    """Decode what was not decoded before, the first `longest_s` of each clip; memory does not grow with the clips.

    report: called with the number of clips done and of all. Raises UserError that names every unreadable clip.
    """
    cache, most_bytes = user_cache_path("soundmark"), _most_bytes()
    sources = [(str(clip.path), clip.part) for clip in clips]
    stored = StoredClips(sources, log_mel, round(longest_s * 100), cache / "log-mel")
    lengths = stored.prepare(ClipKeys(cache / "keys.sqlite"), report or (lambda done, total: None))
    if stored.has_grown:
        evict(cache / "log-mel", most_bytes)
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
    """Mean and standard deviation over all frames and bins of the clips' raw log-mel."""
    total, squares, count = 0.0, 0.0, 0
    for index in range(len(clips)):
        part = clips.frames_of(index).astype(np.float64)
        total, squares, count = total + part.sum(), squares + np.vdot(part, part), count + part.size
    mean = total / count
    return float(mean), float(np.sqrt(squares / count - mean**2))


class StoredClips:
    """Reads the frames of files from the store, and decodes again what is not there or damaged.

    A file that is gone or changed does no harm while its frames are stored; parts of one file are decoded in one pass.
    Copies work in other processes.
    """

    def __init__(
        self, sources: Sequence[tuple[str, Part]], log_mel: LogMelConfig, most_frames: int, folder: Path
    ) -> None:
        """sources: path of each clip's file, and which part of it."""
        self._paths = tuple(os.path.abspath(path) for path, _ in sources)
        self._parts = tuple(part for _, part in sources)
        self.has_grown = False
        """Whether it stored anything."""
        self._most_frames = most_frames
        self._log_mel = LogMel(log_mel)
        self._store = FrameStore(folder / _name_of(log_mel, most_frames), log_mel.n_mels)
        self._keys = [""] * len(sources)
        self._looked_at = np.zeros(len(sources))

    def __call__(self, index: int) -> NDArray[np.float16]:
        """The frames of one clip, checked in full at the first reading and then twice a day."""
        due = time.time() - self._looked_at[index] > IN_USE_S / 4
        frames = self._store.read(self._keys[index], verify=due)
        if frames is None:
            frames = self._decode_again(index)
        if due:
            self._store.length_of(self._keys[index])  # tells other processes that it is in use
            self._looked_at[index] = time.time()
        return frames

    def prepare(self, known_keys: ClipKeys, report: Callable[[int, int], None]) -> NDArray[np.int64]:
        """Store the frames of all clips; their lengths. Raises UserError that names every unreadable clip."""
        lengths = np.zeros(len(self._paths), np.int64)
        errors = dict[int, UserError]()
        n_done = 0
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for chunk in _chunks(_own_order(len(self._paths))):
                known = known_keys.known([self._paths[i] for i in chunk])
                new = dict[str, ContentKey]()
                files = self._by_file(chunk)
                for found, key in pool.map(self._prepare, files, itertools.repeat(known)):
                    for i, one in found.items():
                        n_done += 1
                        report(n_done, len(self._paths))
                        if isinstance(one, UserError):
                            errors[i] = one
                        else:
                            lengths[i] = one
                    if key is not None and known.get(key.path) != key:
                        new[key.path] = key
                known_keys.remember(new.values())
        if errors:
            listed = " ".join(errors[i].problem for i in sorted(errors)[:10])
            raise UserError(f"{len(errors)} clips cannot be read. {listed}", "Fix them, or take them out of the list.")
        return lengths

    def _by_file(self, chunk: Sequence[int]) -> list[list[int]]:
        """The clips of each file together: one pass decodes them all."""
        files: dict[str, list[int]] = {}
        for i in chunk:
            files.setdefault(self._paths[i], []).append(i)
        return list(files.values())

    def _prepare(
        self, members: Sequence[int], known: dict[str, ContentKey]
    ) -> tuple[dict[int, int | UserError], ContentKey | None]:
        """Store the clips of one file; the length of each in frames or why there is none, and the key of the file."""
        path, found, key = self._paths[members[0]], dict[int, int | UserError](), None
        try:
            key = known.get(path)
            if key is None or not key.still_fits():
                key = content_key(path)
            new = [i for i in members if not self._is_stored(i, key, found)]
            if new:
                key = content_key(path)
                for i, frames in self._decode(path, key, new):
                    found[i] = frames if isinstance(frames, UserError) else len(frames)
            return found, key
        except StoreError:
            raise  # a full disk is no fault of the clip: the first one ends it all
        except UserError as error:
            why = error
        except OSError as error:
            why = UserError(f"{os.path.basename(path)} cannot be opened ({error.strerror}).", "Look where it went.")
        except Exception as error:  # one clip's surprise does not hide what is wrong with the others
            why = unforeseen(path, "read", error)
        return {i: found.get(i, why) for i in members}, key

    def _is_stored(self, index: int, file_key: ContentKey, found: dict[int, int | UserError]) -> bool:
        """Whether a clip's frames are there; their length goes into `found`."""
        key = self._parts[index].key(file_key.key)
        length = self._store.length_of(key)
        if length is not None:
            self._keys[index], found[index] = key, length
        return length is not None

    def _decode_again(self, index: int) -> NDArray[np.float16]:
        path = self._paths[index]
        try:
            key = content_key(path)
            if self._parts[index].key(key.key) != self._keys[index]:
                problem = f"{os.path.basename(path)} was changed, and its decoded frames are gone."
                raise UserError(problem, "Start the run anew with the clips as they are now.")
            [(_, frames)] = self._decode(path, key, [index])
        except OSError as error:
            problem = f"{os.path.basename(path)} and its decoded frames are gone ({error.strerror})."
            raise UserError(problem, "Bring the clip back, or start anew without it.") from error
        if isinstance(frames, UserError):
            raise frames
        return frames

    def _decode(
        self, path: str, key: ContentKey, members: Sequence[int]
    ) -> Iterator[tuple[int, NDArray[np.float16] | UserError]]:
        """Decode and store clips of one file in one pass: the frames of each, or why it has none. key: of the file as
        it is now. Raises UserError, OSError for what is wrong with the file."""
        rate, wanted = self._log_mel.config.sample_rate, self._log_mel.config.samples_for(self._most_frames)
        spans = [self._parts[i].span(rate) for i in members]
        spans = [(first, min(last, first + wanted)) for first, last in spans]  # however long the file
        for one in cut(path, rate, spans, wanted):
            i = members[one.index]
            name = f"{os.path.basename(path)}{self._parts[i].words()}"
            frames = self._log_mel(one.samples).astype(np.float16)
            if not len(frames):
                yield i, UserError(f"{name} is shorter than 25 ms.", "Remove it.")
                continue
            if not key.still_fits():
                raise UserError(f"{name} changes while it is read.", "Try again when it is written.")
            self._keys[i] = self._parts[i].key(key.key)
            self._store.write(self._keys[i], frames)
            self.has_grown = True
            yield i, frames


def _most_bytes() -> float:
    text = os.environ.get("SOUNDMARK_CACHE_GB", str(_MOST_GB))
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    if not 0 <= gigabytes < math.inf:
        remedy = "Set it to a number of gigabytes from 0 on, such as 20, or remove it."
        raise UserError(f"SOUNDMARK_CACHE_GB is {text!r}, which is no size of a cache.", remedy)
    return gigabytes * 1e9


def _name_of(log_mel: LogMelConfig, most_frames: int) -> str:
    """Changes with the front end; statistics play no part in raw log-mel."""
    front_end = {key: value for key, value in asdict(log_mel).items() if key not in ("mean", "std")}
    return hashlib.sha256(json.dumps([front_end, most_frames], sort_keys=True).encode()).hexdigest()[:16]


def _own_order(n_clips: int) -> Iterator[int]:
    """All indices from a place of this process's own on: two that decode the same clips share the work."""
    first = int(n_clips * (os.getpid() * 0.618 % 1))
    return itertools.chain(range(first, n_clips), range(first))


def _chunks(indices: Iterator[int]) -> Iterator[list[int]]:
    while chunk := list(itertools.islice(indices, _CLIPS_A_CHUNK)):
        yield chunk
