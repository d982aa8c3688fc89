"""The interface of an input source.

Exactly one thread, the listener's, calls a source. Only `Microphone` has a second thread behind it (PortAudio's
callback), which passes blocks through a bounded queue.
"""

from __future__ import annotations

from typing import Protocol

from core.audio.block import AudioBlock
from core.errors import UserError


class SourceEnded(Exception):
    """The source has ended, as a file does; a microphone never ends."""


class Source(Protocol):
    """Delivers mono blocks in stream order."""

    name: str
    """What people call it ("USB Mic", "street.wav", "Demo scene")."""
    is_live: bool
    """True for a device, which continues while its reader is late; False for a source that waits for its reader."""
    sample_rate: int
    """Hz, valid after `open`."""
    dropped_blocks: int
    """Blocks so far that arrived when the queue was full. They appear as gaps in `start_sample`."""
    latency_s: float
    """Age of the block's last sample when `read` returned it: device and queue; 0 for a file."""
    trouble: UserError | None
    """What is wrong now and how to fix it, or None. A source in trouble keeps trying."""

    def open(self) -> None:
        """Start delivering. Raises UserError when it cannot."""
        ...

    def read(self, timeout_s: float) -> AudioBlock | None:
        """The next block, or None if none came within `timeout_s` seconds. Raises SourceEnded at the end."""
        ...

    def close(self) -> None:
        """Stop and release. Harmless when called twice or before `open`."""
        ...
