"""Caches log-mel frames on disk: one small file per clip, found by a hash of the clip's content.

An entry is written under a temporary name and renamed, so that readers see a complete one or none, even when two
processes write the same entry or one is killed. It is read at once and closed: no memory map and no open file remains,
so the number of clips is not limited. Its header has its length and a checksum, to detect damage by a failing disk or a
power cut.
"""

from __future__ import annotations

import errno
import math
import os
import struct
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from core.atomic_write import atomic_file
from core.errors import UserError
from core.program import cache_folder

_HEADER = struct.Struct("<4sIII")  # mark, frames, mels, CRC-32 of the frames
_MARK = b"SMF1"
_DEFAULT_CACHE_GB = 20.0
IN_USE_S = 48 * 3600.0
"""Entries used within two days may belong to a training in progress and are never evicted; a run marks the entries that
it uses twice a day."""


class CacheError(UserError):
    """The disk refuses an entry, which is not the clip's fault."""


@dataclass(frozen=True, slots=True)
class FrameCache:
    """The entries of one front end. A key is the hexadecimal hash of a clip's content."""

    folder: Path
    """Has two levels of folders for the entries."""
    n_mels: int
    """Mel bins per frame; entries with another number are ignored."""

    def path_of(self, key: str) -> str:
        """The path of an entry, whether it exists or not."""
        return f"{self.folder}/{key[:2]}/{key[2:]}.frames"

    def length_of(self, key: str) -> int | None:
        """The number of frames of an entry; None if it is missing or incomplete. Counts as a use of the entry."""
        path = self.path_of(key)
        try:
            with open(path, "rb", buffering=0) as file:
                length = self._length(file.read(_HEADER.size), os.fstat(file.fileno()).st_size)
            if length is not None:
                os.utime(path)
        except OSError:
            return None
        return length

    def read(self, key: str, verify: bool) -> NDArray[np.float16] | None:
        """The frames `(length, mels)`, read-only; None if the entry is missing or damaged. verify: compare the
        checksum, not only the size."""
        try:
            with open(self.path_of(key), "rb", buffering=0) as file:
                data = file.read()
        except OSError:
            return None
        length = self._length(data[: _HEADER.size], len(data))
        if length is None or (verify and zlib.crc32(memoryview(data)[_HEADER.size :]) != _HEADER.unpack_from(data)[3]):
            return None
        return np.frombuffer(data, np.float16, offset=_HEADER.size).reshape(length, self.n_mels)

    def write(self, key: str, frames: NDArray[np.float16]) -> None:
        """Write an entry with `frames` `(length, mels)`. Raises CacheError if the disk refuses it."""
        path = self.path_of(key)
        payload = np.ascontiguousarray(frames).tobytes()
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # Not synced to disk, which would be slow: after a power cut, the checksum reveals incomplete entries.
            with atomic_file(Path(path), durable=False) as file:
                file.write(_HEADER.pack(_MARK, len(frames), self.n_mels, zlib.crc32(payload)))
                file.write(payload)
        except PermissionError as error:
            # Windows refuses to replace a file that another process is reading; then the entry exists already.
            if self.length_of(key) is None:
                raise _refused(self.folder, error) from error
        except OSError as error:
            raise _refused(self.folder, error) from error

    def _length(self, header: bytes, size: int) -> int | None:
        if len(header) < _HEADER.size:
            return None
        mark, n_frames, n_mels, _ = _HEADER.unpack(header)
        whole = mark == _MARK and n_mels == self.n_mels and size == _HEADER.size + 2 * n_frames * n_mels
        return n_frames if whole else None


def cache_bytes() -> float:
    """How much the cached clips of all runs may take: 20 GB or SOUNDMARK_CACHE_GB. Raises UserError for no number."""
    text = os.environ.get("SOUNDMARK_CACHE_GB", str(_DEFAULT_CACHE_GB))
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    if not 0 <= gigabytes < math.inf:
        remedy = "Set it to a number of gigabytes, 0 or more, such as 20, or unset it."
        raise UserError(f"SOUNDMARK_CACHE_GB is {text!r}, which is not a valid size.", remedy)
    return gigabytes * 1e9


def clips_cache() -> Path:
    """The user's cache folder, where decoded clips are kept.

    Earlier versions had a folder of another name. What is in it is moved here once no run has used it for two days;
    until then it is used where it is.
    """
    folder, earlier = cache_folder(), platformdirs.user_cache_path("soundmark")
    if not earlier.is_dir() or (folder.is_dir() and earlier.samefile(folder)):  # names may differ in case only
        return folder
    if is_in_use(cache_folders(earlier)):
        return folder if any(part.exists() for part in cache_folders(folder)) else earlier
    folder.mkdir(parents=True, exist_ok=True)
    for part in earlier.iterdir():
        if not (folder / part.name).exists():
            with suppress(OSError):  # another run was faster, or the system refuses: then clips are decoded again
                part.rename(folder / part.name)
    with suppress(OSError):
        earlier.rmdir()
    return folder


def is_in_use(folders: Iterable[Path], in_use_s: float = IN_USE_S) -> bool:
    """Whether a file below `folders` has been used within `in_use_s` seconds."""
    newest = time.time() - in_use_s
    for parent, _, names in chain.from_iterable(map(os.walk, folders)):
        for name in names:
            with suppress(OSError):
                if os.stat(os.path.join(parent, name)).st_mtime > newest:
                    return True
    return False


def cache_folders(cache: Path) -> tuple[Path, ...]:
    """Where decoded clips lie below the user's cache folder: their frames, and their waveforms."""
    return cache / "log-mel", cache / "sounds"


def evict(folders: Iterable[Path], max_bytes: float, in_use_s: float = IN_USE_S) -> int:
    """Remove the least recently used files below `folders` until at most `max_bytes` are left; returns their number.

    Files used within `in_use_s` seconds are kept, even beyond the limit. A file that a reader has open stays readable
    (Windows refuses to remove it). A reader that finds its entry removed decodes the clip again.
    """
    files = list[tuple[float, int, str]]()
    for parent, _, names in chain.from_iterable(map(os.walk, folders)):
        for name in names:
            path = os.path.join(parent, name)
            try:
                stat = os.stat(path)
            except OSError:
                continue  # another process has removed it
            files.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in files)
    n_removed, newest = 0, time.time() - in_use_s
    for used, size, path in sorted(files):
        if total <= max_bytes or used > newest:
            break
        if _remove(path):
            total, n_removed = total - size, n_removed + 1
    return n_removed


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _refused(folder: Path, error: OSError) -> CacheError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CacheError(f"The disk is full: decoded clips do not fit in {folder}.", "Free some space on that disk.")
    return CacheError(
        f"Decoded clips cannot be written to {folder} ({error.strerror}).", "Check that your account may write there."
    )
