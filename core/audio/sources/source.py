"""What an input source must do: three verbs and a few facts. Knows no device and no file.

Exactly one thread, the listener's, calls a source. Only `Microphone` has a second activity behind it
(PortAudio's callback), and hands over through a bounded queue of its own.
"""

from __future__ import annotations

from typing import Protocol

from core.audio.block import AudioBlock
from core.errors import UserError


class SourceEnded(Exception):
    """A file has been played to its end. A microphone never ends."""


class Source(Protocol):
    """Delivers mono blocks in stream order.

    name: what people call it ("USB Mic", "street.wav", "Demo scene").
    is_live: True for a device, which goes on while we are late; False for what waits for its reader.
    sample_rate: Hz, valid after `open`.
    dropped_blocks: blocks that arrived and found the queue full, so far. They show as gaps in `start_sample`.
    latency_s: how old the last sample of the block was when `read` gave it: device, queue; 0 for a file.
    trouble: what is wrong now and how to mend it, or None. A source in trouble goes on trying.
    """

    name: str
    is_live: bool
    sample_rate: int
    dropped_blocks: int
    latency_s: float
    trouble: UserError | None

    def open(self) -> None:
        """Start delivering. Raises UserError when it cannot."""
        ...

    def read(self, timeout_s: float) -> AudioBlock | None:
        """The next block, or None when none came within `timeout_s` seconds. Raises SourceEnded at the end."""
        ...

    def close(self) -> None:
        """Stop and release. Harmless when called twice or before `open`."""
        ...
