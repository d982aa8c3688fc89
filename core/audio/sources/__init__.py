"""The table of inputs that can be listened to: microphones, files, and a demo scene.

Its rows import what they need when they are called, so that a file can be tagged where PortAudio is missing.
"""

from __future__ import annotations

from collections.abc import Callable

from core.audio.sources.source import Source
from core.errors import UserError


def _microphone(name: str | None) -> Source:
    from core.audio.sources.microphone import Microphone

    return Microphone(name)


def _file(path: str | None) -> Source:
    from core.audio.sources.file_source import FileSource

    if not path:
        raise UserError("No file was named.", "Choose an audio or video file.")
    return FileSource(path)


def _demo(_name: str | None) -> Source:
    from core.audio.sources.demo_source import DemoSource

    return DemoSource()


SOURCES: dict[str, Callable[[str | None], Source]] = {
    "microphone": _microphone,
    "file": _file,
    "demo": _demo,
}
"""What can be listened to: the row's function takes a device name or a path and gives a source, not yet opened."""
