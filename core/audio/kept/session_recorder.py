"""Records the whole session as FLAC files of some minutes each, while it is asked to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

import av.error
import numpy as np
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.kept.pieces import to_int16
from core.audio.kept.recordings import SESSION, Recording, Recordings
from core.audio.kept.sound_files import FlacWriter
from core.audio.kept.take import Take
from core.errors import UserError

_log = logging.getLogger(__name__)
PIECE_S = 600.0
_LONGEST_SILENCE_S = 10.0
"""A longer gap ends the file."""
_MOST_EARLY_BLOCKS = 1000
"""Of an input that is being opened, until it is the current one."""
_RETRY_S = 5.0
_SILENCE = 1 << 16


class SessionRecorder:
    """A sink of KeptSound; its methods are called on the writer's thread.

    folder: where files are written; None while nothing is recorded. Any thread may set it. trouble: why nothing can be
    recorded at present. is_recording: a file is open. A killed process leaves every finished file, and the open one up
    to its last second.
    """

    def __init__(
        self, recordings: Recordings, piece_s: float = PIECE_S, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder: Path | None = None
        self.trouble: UserError | None = None
        self._recordings, self._piece_s, self._clock = recordings, piece_s, clock
        self._take: Take | None = None
        self._early: dict[Take, list[AudioBlock]] = {}
        self._piece: _PieceFile | None = None
        self._retry_at_s = 0.0

    @property
    def is_recording(self) -> bool:
        """Whether a file is open."""
        return self._piece is not None

    def write(self, take: Take, block: AudioBlock) -> None:
        """Record a block of the current input."""
        if self.folder is None or take.is_discarded:
            self._early.pop(take, None)
            self._finish()
            return
        if take.start_s is None:
            self._early[take] = [*self._early.get(take, []), block][-_MOST_EARLY_BLOCKS:]
            return
        if not self._is_current(take):
            return
        for earlier in (*self._early.pop(take, []), block):
            self._record(self.folder, earlier)

    def tidy(self) -> None:
        """End the file once nothing is to be recorded any more."""
        if self.folder is None:
            self._early.clear()
            self._finish()
            self.trouble = None

    def close(self) -> None:
        """End the file."""
        self._finish()

    def _is_current(self, take: Take) -> bool:
        """Whether this is the input that was placed last; the file of the one before then ends."""
        if take is self._take:
            return True
        if self._take is not None and (self._take.start_s or 0.0) > (take.start_s or 0.0):
            return False
        self._finish()
        self._take = take
        return True

    def _record(self, folder: Path, block: AudioBlock) -> None:
        if 0 < self._retry_at_s - self._clock() <= _RETRY_S:  # longer: somebody has set the clock back
            return
        try:
            self._append(folder, block)
        except (OSError, av.error.FFmpegError) as error:
            _log.warning("the session cannot be recorded: %s", error)
            self._retry_at_s = self._clock() + _RETRY_S
            self._finish()
            self.trouble = UserError(
                f"The session cannot be recorded in {folder}: {error.strerror or error}.",
                "Free some disk space, or choose another folder (Listen, Sound and disk…).",
            )
        else:
            self.trouble = None

    def _append(self, folder: Path, block: AudioBlock) -> None:
        samples = to_int16(block.samples)
        if self._piece is not None and not self._piece.can_take(folder, block):
            self._finish()
        if self._piece is None:
            begin_at = self._clock() - len(samples) / block.sample_rate
            self._piece = _PieceFile(folder, begin_at, block, round(self._piece_s * block.sample_rate))
            self._recordings.add(self._piece.recording(is_over=False))
        else:
            samples = np.concatenate([np.zeros(block.start_sample - self._piece.end_sample, np.int16), samples])
        while len(samples):
            samples = samples[self._piece.write(samples) :]
            if len(samples):
                begin_at, end = self._piece.stop_at, self._piece.end_sample
                self._finish()
                rest = AudioBlock(block.samples[-len(samples) :], end, block.sample_rate)
                self._piece = _PieceFile(folder, begin_at, rest, round(self._piece_s * block.sample_rate))
                self._recordings.add(self._piece.recording(is_over=False))

    def _finish(self) -> None:
        piece, self._piece = self._piece, None
        if piece is None:
            return
        try:
            piece.close()
            self._recordings.add(piece.recording(is_over=True))
        except (OSError, av.error.FFmpegError):
            _log.exception("a recording could not be finished")
        piece.remove_if_empty()


class _PieceFile:
    """One open file. Raises OSError, FFmpegError."""

    def __init__(self, folder: Path, start_at: float, first: AudioBlock, most_samples: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.path = folder, free_path(folder, start_at, "")
        self._start_at, self._rate, self._most = start_at, first.sample_rate, most_samples
        self.end_sample = first.start_sample
        # Unbuffered: what was encoded is in the file when the process is killed.
        self._file = FileIO(self.path, "xb")
        try:
            self._writer = FlacWriter(self._file, first.sample_rate)
        except BaseException:
            self._file.close()
            raise

    @property
    def stop_at(self) -> float:
        """When the sound in it ends, seconds since 1970."""
        return self._start_at + self._writer.n_samples / self._rate

    def can_take(self, folder: Path, block: AudioBlock) -> bool:
        """Whether a block may follow: same folder and rate, and no long gap before it."""
        gap = block.start_sample - self.end_sample
        return folder == self.folder and block.sample_rate == self._rate and 0 <= gap <= _LONGEST_SILENCE_S * self._rate

    def write(self, samples: NDArray[np.int16]) -> int:
        """Append as many samples as fit; returns how many those were."""
        part = samples[: self._most - self._writer.n_samples]
        if len(part):
            self._writer.write(part)
        self.end_sample += len(part)
        return len(part)

    def close(self) -> None:
        """Finish the file."""
        try:
            self._writer.close()
        finally:
            self._file.close()

    def remove_if_empty(self) -> None:
        """Remove a file without sound, as a disk that refuses leaves them every few seconds. After `close`."""
        with suppress(OSError):
            if not self._writer.n_samples or not self.path.stat().st_size:
                self.path.unlink()

    def recording(self, *, is_over: bool) -> Recording:
        """Its line in the list."""
        return Recording(str(self.path), SESSION, self._start_at, self.stop_at if is_over else self._start_at)


def free_path(folder: Path, start_at: float, name: str) -> Path:
    """A file name that says when the sound begins, and is not taken: `Soundmark 2026-11-30 14.02.31 Dog.flac`."""
    when = time.strftime("%Y-%m-%d %H.%M.%S", time.localtime(start_at))
    words = f"Soundmark {when} {name}".strip()
    number, path = 1, folder / f"{words}.flac"
    while path.exists():
        number += 1
        path = folder / f"{words} ({number}).flac"
    return path
