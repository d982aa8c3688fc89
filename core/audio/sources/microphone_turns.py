"""Threads take turns at opening, closing and restarting PortAudio, which guards none of it. Knows no device.

Any such call hangs for as long as the sound server does; ending PortAudio meanwhile in another thread would crash
the program. One of the crossings of threads: whoever calls here may be any thread but the window's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError

_PATIENCE_S = 4.0
"""Less than the window waits for an input's first sound, so that it hears the true reason."""

open_streams: set[Any] = set()
"""The PortAudio streams that this process has open; changed only in a turn of one's own."""
_turn = threading.Lock()


@contextmanager
def portaudio_turn(*, is_patient: bool = False) -> Iterator[None]:
    """One thread at a time reads PortAudio's devices, or opens or closes a stream.

    is_patient: wait without end for another thread, which hangs for as long as the sound server does; otherwise
    raises UserError when it does not come back.
    """
    if not _turn.acquire(timeout=-1 if is_patient else _PATIENCE_S):
        raise UserError(
            "The sound system of this computer does not answer.",
            "Wait a moment and try again. If that does not help, restart the sound server or this computer.",
        )
    try:
        yield
    finally:
        _turn.release()


def start_stream(stream: Any) -> Any:
    """Start a PortAudio stream, within the turn in which it was made. Raises sounddevice.PortAudioError."""
    try:
        stream.start()
    except Exception:
        stream.close(ignore_errors=True)
        raise
    open_streams.add(stream)
    return stream


def close_stream(stream: Any) -> None:
    """Close a PortAudio stream. Hangs for as long as the sound server does.

    Not by stop(), which waits for samples that may never come. It counts as open until it is closed: whoever ended
    PortAudio under a thread that still hangs in abort() would crash the program.
    """
    with portaudio_turn(is_patient=True):
        try:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        finally:
            open_streams.discard(stream)
