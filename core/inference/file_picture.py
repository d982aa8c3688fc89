"""Computes the spectrogram of a whole file, in few enough columns to draw, in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import SILENCE, LogMelConfig
from core.errors import UserError
from core.inference.file_tagging import ShouldStop, decode_frames


@dataclass(frozen=True, slots=True)
class FilePicture:
    """A file's spectrogram on the file's clock."""

    columns: NDArray[np.float32]
    """`(n, mels)`, raw log-mel, each the maximum over `seconds_per_column`."""
    is_gap: NDArray[np.bool_]
    """`(n,)`: columns in which the file has no sound at all."""
    seconds_per_column: float
    """Length of a column."""
    duration_s: float
    """Length of the file."""
    problem: UserError | None = None
    """Why the picture ends early, for a damaged file."""


def file_picture(path: Path | str, log_mel_columns: int = 4096, should_stop: ShouldStop | None = None) -> FilePicture:
    """The whole file's spectrogram in at most `log_mel_columns` columns, in constant memory. Raises UserError."""
    config = LogMelConfig()
    damage: list[UserError] = []
    columns = _Columns(log_mel_columns, config.n_mels)
    for run in decode_frames(Path(path), config, damage, None, should_stop):
        columns.add_silence(run.first_frame - columns.n_frames)
        columns.add(run.frames, run.is_gap)
    return columns.picture(damage[0] if damage else None)


class _Columns:
    """Columns of equal length, which doubles whenever there are too many columns."""

    def __init__(self, most: int, n_mels: int) -> None:
        self.n_frames = 0
        self._most = most
        self._per_column = 1
        self._maxima: list[NDArray[np.float32]] = []
        self._is_gap: list[bool] = []
        self._silence = np.full((1, n_mels), SILENCE, np.float32)
        self._open_frames = 0
        """Frames in the last column, if it is not full; else 0."""

    def add(self, frames: NDArray[np.float32], is_gap: bool) -> None:
        """Add frames `(n, mels)`; is_gap: they fill a gap."""
        while len(frames):
            n_taken = min(self._room, len(frames))
            self._add_to_column(frames[:n_taken].max(axis=0), n_taken, is_gap)
            frames = frames[n_taken:]

    def add_silence(self, n_frames: int) -> None:
        """Add a gap of any length."""
        while n_frames > 0:
            n_taken = min(self._room, n_frames)
            self._add_to_column(self._silence[0], n_taken, is_gap=True)
            n_frames -= n_taken

    def picture(self, problem: UserError | None) -> FilePicture:
        """What has been added so far."""
        return FilePicture(
            np.stack(self._maxima) if self._maxima else self._silence[:0],
            np.array(self._is_gap, bool),
            self._per_column / FRAMES_PER_SECOND,
            self.n_frames / FRAMES_PER_SECOND,
            problem,
        )

    @property
    def _room(self) -> int:
        return self._per_column - self._open_frames

    def _add_to_column(self, maximum: NDArray[np.float32], n_frames: int, is_gap: bool) -> None:
        if self._open_frames:
            self._maxima[-1] = np.maximum(self._maxima[-1], maximum)
            self._is_gap[-1] = self._is_gap[-1] and is_gap
        else:
            self._maxima.append(maximum)
            self._is_gap.append(is_gap)
        self.n_frames += n_frames
        self._open_frames = (self._open_frames + n_frames) % self._per_column
        if len(self._maxima) > self._most:
            self._halve()

    def _halve(self) -> None:
        is_odd = len(self._maxima) % 2
        if is_odd:
            self._maxima.append(self._silence[0])
            self._is_gap.append(True)
        self._maxima = [np.maximum(a, b) for a, b in zip(self._maxima[::2], self._maxima[1::2], strict=True)]
        self._is_gap = [a and b for a, b in zip(self._is_gap[::2], self._is_gap[1::2], strict=True)]
        self._per_column *= 2
        self._open_frames = self.n_frames % self._per_column
