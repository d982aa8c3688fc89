"""Lets threads take turns at opening, closing and restarting PortAudio, which has no locks for that.

Any such call hangs as long as the sound server does; terminating PortAudio in another thread meanwhile would crash the
program. Any thread but the window's may call these functions.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError

_PATIENCE_S = 4.0
"""Less than the window waits for an input's first block, so that it can show the true reason."""

open_streams: set[Any] = set()
"""The PortAudio streams that this process has open; changed only within a turn."""
_turn = threading.Lock()


@contextmanager
def portaudio_turn(*, is_patient: bool = False) -> Generator[None]:
    """Only one thread at a time may read PortAudio's devices, or open or close a stream.

    is_patient: wait for another thread forever, even if it hangs with the sound server; otherwise raises UserError
    after a while.
    """
    if not _turn.acquire(timeout=-1 if is_patient else _PATIENCE_S):
        raise UserError(
            "The sound system of this computer does not respond.",
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
    """Close a PortAudio stream. Hangs as long as the sound server does.

    stop() would wait for samples that may never come. The stream counts as open until it is closed: terminating
    PortAudio while a thread hangs in abort() would crash the program.
    """
    with portaudio_turn(is_patient=True):
        try:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        finally:
            open_streams.discard(stream)
