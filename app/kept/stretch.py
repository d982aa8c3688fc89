"""A selected stretch of live sound or of a file, and how it becomes a file of its own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from app.playback.player import Playback
from app.style import formatting
from core.audio.kept.ring import SoundRing
from core.audio.kept.ring_folder import sound_cache

_DAY_S = 86_400.0
_LEAST_LOST_S = 0.1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from start_s to stop_s: of the file `path` on its own clock, or live in stream seconds.

    start_at: when live sound began, seconds since 1970.
    """

    start_s: float
    stop_s: float
    path: Path | None = None
    start_at: float = 0.0

    @property
    def name(self) -> str:
        """A name for a file of it, without suffix: `Soundmark 2026-11-30 14.02.31`, or `street 75.0-78.2 s`."""
        if self.path is not None:
            return f"{self.path.stem} {self.start_s:.1f}-{self.stop_s:.1f} s"
        tenth = int(self.start_at * 10) % 10
        return time.strftime("Soundmark %Y-%m-%d %H.%M.%S", time.localtime(self.start_at)) + f".{tenth}"

    def play(self, playback: Playback, speed: float) -> None:
        """Begin to play it."""
        if self.path is None:
            playback.play(self.start_s, self.stop_s, speed)
        else:
            playback.play_file(self.path, self.start_s, self.stop_s, speed)

    def missing(self, ring: SoundRing) -> str:
        """What of the live sound is no longer kept, in words; empty where all of it is. For a pool thread."""
        if self.path is not None:
            return ""
        begin_s, end_s = ring.extent(self.start_s, self.stop_s)
        at_ends = (("first", begin_s - self.start_s), ("last", self.stop_s - end_s))
        lost = [f"the {which} {formatting.lasting(seconds)}" for which, seconds in at_ends if seconds >= _LEAST_LOST_S]
        if begin_s >= end_s or not lost:
            return ""
        return f"Part of it is no longer kept: {' and '.join(lost)} of it are silent in the file."

    def save(self, ring: SoundRing, target: Path) -> Path:
        """Write it as WAV or FLAC at its own rate; returns `target`. For a pool thread. Raises UserError."""
        if self.path is None:
            ring.save(self.start_s, self.stop_s, target)
        else:
            _save_part(self.path, self.start_s, self.stop_s, target)
        return target


def _save_part(path: Path, start_s: float, stop_s: float, target: Path) -> None:
    from core.audio.decoding.file_part import part_blocks, sound_rate
    from core.audio.kept.pieces import to_int16
    from core.audio.kept.sound_files import write_sound

    rate = sound_rate(path)
    write_sound(target, rate, map(to_int16, part_blocks(path, start_s, stop_s, rate)))


def stretches_folder() -> Path:
    """Where files of stretches lie that are dragged away, copied, or tagged with another model."""
    return sound_cache().parent / "stretches"


def new_stretch_file(stretch: Stretch) -> Path:
    """A WAV file's path for a stretch, in a folder of its own so that its name stays. Raises OSError."""
    folder = stretches_folder() / f"{time.time_ns():x}"
    folder.mkdir(mode=0o700, parents=True)
    return folder / f"{safe_name(stretch.name)}.wav"


def remove_old_stretches(older_than_s: float = _DAY_S) -> None:
    """Delete the files of stretches; those of the last day may still be in use by whatever they were dragged into."""
    import shutil

    folder = stretches_folder()
    if not folder.is_dir():
        return
    for child in folder.iterdir():
        if time.time() - child.stat().st_mtime >= older_than_s:
            shutil.rmtree(child, ignore_errors=True)


def safe_name(text: str) -> str:
    """Text as part of a file name on every system."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", text).strip(" .")[:120] or "sound"
