"""The sound of a file, to be played."""

from __future__ import annotations

from pathlib import Path

from core.audio.decoding.file_part import part_blocks, sound_rate
from core.audio.playback.player import PlayableSound


def file_sound(path: Path, start_s: float = 0.0, stop_s: float | None = None) -> PlayableSound:
    """The part of a file from start_s to stop_s on the file's clock (None: to its end), gaps as silence.

    Raises UserError where the file cannot be opened; reading it, where it is damaged.
    """
    rate = sound_rate(path)
    return PlayableSound(start_s, rate, lambda: part_blocks(path, start_s, stop_s, rate))
