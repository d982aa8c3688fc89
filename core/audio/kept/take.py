"""Take: the sound of one input from its opening to its end, as the capture thread delivers it."""

from __future__ import annotations

from queue import Full, Queue

from core.audio.block import AudioBlock

SoundQueue = Queue["tuple[Take, AudioBlock] | None"]


class Take:
    """Passes an input's blocks on to the writer's queue and never waits.

    title: the input's name. start_s: where its first sample lies, in stream seconds; None until `place`.
    is_discarded: its sound is not wanted. dropped_blocks: those that found the queue full; each is a gap.
    """

    def __init__(self, queue: SoundQueue, title: str) -> None:
        self.title = title
        self.start_s: float | None = None
        self.is_discarded = False
        self.dropped_blocks = 0
        self._queue = queue

    def push(self, block: AudioBlock) -> None:
        """Keep a block. Called by the capture thread."""
        if self.is_discarded:
            return
        try:
            self._queue.put_nowait((self, block))
        except Full:
            self.dropped_blocks += 1

    def place(self, start_s: float) -> None:
        """Say where its sample 0 lies, in stream seconds. Until then nothing of it can be read."""
        self.start_s = start_s

    def discard(self) -> None:
        """Delete its sound, and keep no more of it: the input never became the current one."""
        self.is_discarded = True
