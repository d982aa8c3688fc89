"""Delivers a file in real time, as if it were live; to tag files at full speed, see `inference.file_tagging`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from core.audio.block import AudioBlock
from core.audio.decoding.decode import decode_blocks
from core.audio.resample import MODEL_SAMPLE_RATE
from core.audio.sources.real_time import Pace
from core.audio.sources.source import SourceEnded
from core.errors import UserError

_BLOCK_S = 0.04


class FileSource:
    """Source of one audio or video file, at `speed` times real time; inf never waits. It ends after `length_s`.

    `read` raises UserError when `decode_blocks` does: at the end of a truncated or damaged file.
    """

    is_live = False

    def __init__(
        self,
        path: Path | str,
        speed: float = 1.0,
        *,
        length_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = Path(path).name
        self.sample_rate = MODEL_SAMPLE_RATE
        self.dropped_blocks = 0
        self.latency_s = 0.0
        self.trouble: UserError | None = None
        self._path, self._length_s = Path(path), length_s
        self._pace = Pace(speed, clock, sleep)
        self._blocks: Generator[AudioBlock, None, None] | None = None
        self._next: AudioBlock | None = None

    def open(self) -> None:
        """Open the file and start its clock. Raises UserError when it cannot be read."""
        self.close()
        self._blocks = _small_blocks(decode_blocks(self._path, self.sample_rate))
        self._next = next(self._blocks, None)
        self._pace.start()

    def read(self, timeout_s: float) -> AudioBlock | None:
        """The next block once it is due, or None after `timeout_s`. Raises SourceEnded, UserError."""
        if self._blocks is None:
            raise RuntimeError("A file must be opened before it is read.")
        if self._next is None:
            self._next = next(self._blocks, None)
        if self._next is None or self._next.start_sample >= self._length_s * self.sample_rate:
            raise SourceEnded
        if not self._pace.wait_for(self._next.end_sample / self.sample_rate, timeout_s):
            return None
        block, self._next = self._next, None
        return block

    def close(self) -> None:
        """Close the file. Harmless when called twice or before `open`."""
        if self._blocks is not None:
            self._blocks.close()
        self._blocks = self._next = None


def _small_blocks(blocks: Iterator[AudioBlock]) -> Generator[AudioBlock, None, None]:
    for block in blocks:
        size = round(_BLOCK_S * block.sample_rate)
        for first in range(0, len(block.samples), size):
            yield AudioBlock(block.samples[first : first + size], block.start_sample + first, block.sample_rate)
