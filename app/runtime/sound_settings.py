"""What the user chose about kept sound and recording, as one value of the settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths

SESSION, EVENTS = "session", "events"
RECORD_MODES = (SESSION, EVENTS)
LIMITS: dict[str, tuple[float, float]] = {
    "minutes": (1, 240),
    "ring_megabytes": (16, 65_536),
    "pre_roll_s": (0, 30),
    "post_roll_s": (0, 30),
    "record_megabytes": (100, 4_194_304),
}
"""The lowest and highest value of each number."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """Kept sound and recording. Whether it records is no setting: it is off at every start."""

    keeps_sound: bool = True
    """Keep the newest sound on disk, so that it can be played and saved."""
    minutes: int = 10
    """How much of it, minutes."""
    ring_megabytes: int = 2048
    """And at most so much of the disk."""
    record_folder: str = ""
    """Where recordings go; empty for `default_record_folder`."""
    record_mode: str = SESSION
    """One of RECORD_MODES: the whole session, or a clip of each event."""
    pre_roll_s: float = 2.0
    """Seconds of a clip before its event."""
    post_roll_s: float = 2.0
    """Seconds of a clip after its event."""
    record_megabytes: int = 10_240
    """When recordings take more of the disk, the oldest are deleted, starred ones excepted."""
    leaves_out_speech: bool = False
    """Keep no clip of an event with speech in it."""

    @property
    def folder(self) -> Path:
        """Where recordings go."""
        return Path(self.record_folder) if self.record_folder else default_record_folder()

    @classmethod
    def from_text(cls, text: str) -> SoundSettings:
        """Read what `to_text` wrote; what makes no sense has its default."""
        try:
            stored: Any = json.loads(text)
        except ValueError:
            stored = {}
        made = cls()
        for field in fields(cls):
            value = stored.get(field.name) if isinstance(stored, dict) else None
            if _is_valid(field.name, value, getattr(made, field.name)):
                made = replace(made, **{field.name: value})
        return made

    def to_text(self) -> str:
        """As it is in the settings."""
        return json.dumps(asdict(self))


def default_record_folder() -> Path:
    """The folder Soundmark in the user's music."""
    music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    return Path(music or Path.home()) / "Soundmark"


def _is_valid(name: str, value: object, default: object) -> bool:
    if name in LIMITS:
        low, high = LIMITS[name]
        is_number = isinstance(value, int if isinstance(default, int) else (int, float)) and not isinstance(value, bool)
        return is_number and low <= value <= high  # type: ignore[operator]
    return type(value) is type(default) and (name != "record_mode" or value in RECORD_MODES)
