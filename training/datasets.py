"""Labelled clips as log-mel frames in one memory-mapped array, decoded once. Knows no chance and no model."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from core.audio.log_mel import SILENCE, LogMel, LogMelConfig
from core.audio.media_file import read_clip
from core.errors import UserError
from training.manifest import LabelledClip


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """Raw log-mel of all clips. frames: float16 `(clips, most frames, mels)`, silence beyond a clip's end;
    lengths: int `(clips,)` frames; labels: int `(clips,)`."""

    frames: NDArray[np.float16]
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def load_clips(clips: tuple[LabelledClip, ...], log_mel: LogMelConfig, longest_s: float = 10.24) -> ClipFrames:
    """Decode `clips` (or map what was decoded before). Raises UserError that names every unreadable clip."""
    folder = user_cache_path("soundmark") / "log-mel" / _key(clips, log_mel, longest_s)
    if not (folder / "lengths.npy").is_file():
        _decode_all(clips, log_mel, round(longest_s * 100), folder)
    return ClipFrames(
        np.load(folder / "frames.npy", mmap_mode="r"),
        np.load(folder / "lengths.npy"),
        np.array([clip.label for clip in clips], np.int64),
    )


def _key(clips: tuple[LabelledClip, ...], log_mel: LogMelConfig, longest_s: float) -> str:
    """Changes with the files (name, size, time) and the front end; statistics play no part in raw log-mel."""
    front_end = {key: value for key, value in asdict(log_mel).items() if key not in ("mean", "std")}
    digest = hashlib.sha256(json.dumps([front_end, longest_s], sort_keys=True).encode())
    for clip in clips:
        stat = clip.path.stat()
        digest.update(f"{clip.path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]


def _decode_all(clips: tuple[LabelledClip, ...], config: LogMelConfig, most_frames: int, folder: Path) -> None:
    log_mel = LogMel(config)

    def decode(clip: LabelledClip) -> NDArray[np.float16] | UserError:
        try:
            frames = log_mel(read_clip(clip.path, config.sample_rate)[: config.samples_for(most_frames)])
        except UserError as error:
            return error
        return (
            frames.astype(np.float16)
            if len(frames)
            else UserError(f"{clip.path.name} is shorter than 25 ms.", "Remove it.")
        )

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        decoded = list(pool.map(decode, clips))
    errors = [one for one in decoded if isinstance(one, UserError)]
    if errors:
        listed = " ".join(error.problem for error in errors[:10])
        raise UserError(f"{len(errors)} clips cannot be read. {listed}", "Mend them, or take them out of the list.")
    _write([one for one in decoded if not isinstance(one, UserError)], config.n_mels, folder)


def _write(decoded: list[NDArray[np.float16]], n_mels: int, folder: Path) -> None:
    """Under names of this process first: another run that decodes the same clips never sees half an array."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths = np.array([len(frames) for frames in decoded], np.int64)
    new = folder / f"frames.{os.getpid()}.npy"
    shape = (len(decoded), int(lengths.max()), n_mels)
    array = np.lib.format.open_memmap(new, mode="w+", dtype=np.float16, shape=shape)
    array[:] = SILENCE
    for row, frames in zip(array, decoded, strict=True):
        row[: len(frames)] = frames
    array.flush()
    os.replace(new, folder / "frames.npy")
    # Written last: its presence says that the cache is whole.
    new = folder / f"lengths.{os.getpid()}.npy"
    np.save(new, lengths)
    os.replace(new, folder / "lengths.npy")


def frame_statistics(clips: ClipFrames) -> tuple[float, float]:
    """Mean and standard deviation over all frames and bins of the clips' raw log-mel, their own length only."""
    total, squares, count = 0.0, 0.0, 0
    for frames, length in zip(clips.frames, clips.lengths, strict=True):
        part = frames[:length].astype(np.float64)
        total, squares, count = total + part.sum(), squares + (part**2).sum(), count + part.size
    mean = total / count
    return float(mean), float(np.sqrt(squares / count - mean**2))
