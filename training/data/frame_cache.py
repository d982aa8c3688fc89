"""Log-mel frames on the disk, one small file a clip, found by what the clip holds. Knows no label and decodes nothing.

An entry is written under a name of its own and renamed, so whoever reads sees a whole one or none, also when two
processes write the same or one is killed. It is read whole and closed at once: no map and no open file is held, thus
any number of clips will do. Its header gives its length and a checksum, which find what a failing disk or a lost
power supply left.
"""

from __future__ import annotations

import errno
import os
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic_write import atomic_file
from core.errors import UserError

_HEADER = struct.Struct("<4sIII")  # mark, frames, mels, CRC-32 of the frames
_MARK = b"SMF1"
IN_USE_S = 48 * 3600.0
"""Entries used within two days may be a running training's and are never evicted; a run says so twice a day."""


class StoreError(UserError):
    """The disk takes no more entries: no fault of a clip."""


@dataclass(frozen=True, slots=True)
class FrameStore:
    """The entries of one front end, in two levels of folders below `folder`. key: hexadecimal, of a clip's content."""

    folder: Path
    n_mels: int

    def path_of(self, key: str) -> str:
        """Where the entry lies or would lie."""
        return f"{self.folder}/{key[:2]}/{key[2:]}.frames"

    def length_of(self, key: str) -> int | None:
        """Frames of an entry, by its header and size; None without a whole one. Counts as a use of it."""
        path = self.path_of(key)
        try:
            with open(path, "rb", buffering=0) as file:
                length = self._length(file.read(_HEADER.size), os.fstat(file.fileno()).st_size)
            if length is not None:
                os.utime(path)
            return length
        except OSError:
            return None

    def read(self, key: str, verify: bool) -> NDArray[np.float16] | None:
        """The frames `(length, mels)`, read-only; None without a whole entry. verify: compare the checksum too."""
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
        """Store `frames` `(length, mels)`. Raises StoreError when the disk refuses them."""
        path = self.path_of(key)
        payload = np.ascontiguousarray(frames).tobytes()
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # The checksum finds what a power cut leaves; waiting for the disk at every clip would cost too much.
            with atomic_file(Path(path), durable=False) as file:
                file.write(_HEADER.pack(_MARK, len(frames), self.n_mels, zlib.crc32(payload)))
                file.write(payload)
        except PermissionError as error:
            # Windows refuses to replace what another process is reading at this moment: it is there already.
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


def evict(folder: Path, most_bytes: float, in_use_s: float = IN_USE_S) -> int:
    """Remove the least recently used files below `folder` until they hold at most `most_bytes`; how many it removed.

    What was used within `in_use_s` stays, even beyond the bound. Elsewhere than on Windows a reader keeps what it has
    open; Windows refuses to remove that, and it stays. A reader that comes too late decodes the clip again.
    """
    files = list[tuple[float, int, str]]()
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            try:
                stat = os.stat(path)
            except OSError:
                continue  # another process evicts too
            files.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in files)
    n_removed, newest = 0, time.time() - in_use_s
    for used, size, path in sorted(files):
        if total <= most_bytes or used > newest:
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


def _refused(folder: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"The disk is full: decoded clips do not fit in {folder}.", "Make room on that disk.")
    return StoreError(
        f"Decoded clips cannot be written to {folder} ({error.strerror}).", "Allow your account to write there."
    )
