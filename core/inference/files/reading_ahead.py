"""Reads files ahead of the model, on threads of their own; how much waits is bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WindowRead:
    """start_frame: the index of its first frame in the file. frames: raw log-mel `(n, mels)`."""

    start_frame: int
    frames: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProgressRead:
    """share: of the file that has been read, None if its length is not known."""

    share: float | None


@dataclass(frozen=True, slots=True)
class EndRead:
    """error: what ended the file; None for its end."""

    error: BaseException | None


Step = WindowRead | ProgressRead | EndRead
Put = Callable[[WindowRead | ProgressRead], bool]
"""Hands on what was read, once there is room for it; False when nobody wants more of the file."""
ReadFile = Callable[[Path, Put], None]
"""Reads a file to its end, or until `Put` says no. Any thread may call it; what it raises is the file's error."""


class _FileRead:
    """One file on its way: a thread puts steps in, another one takes them out."""

    def __init__(self, path: Path, most_windows: int) -> None:
        self.path = path
        self._most_windows = most_windows
        self._steps: deque[Step] = deque()
        self._n_windows = 0
        self._is_dropped = False
        self._changed = threading.Condition()

    def run(self, read: ReadFile) -> None:
        error = None
        try:
            if not self._is_dropped:
                read(self.path, self.put)
        except BaseException as raised:
            error = raised
        self.put(EndRead(error))

    def put(self, step: Step) -> bool:
        is_window = isinstance(step, WindowRead)
        with self._changed:
            while is_window and self._n_windows >= self._most_windows and not self._is_dropped:
                self._changed.wait()
            if self._is_dropped:
                return False
            self._steps.append(step)
            self._n_windows += is_window
            self._changed.notify_all()
        return True

    def take(self, *, waits: bool) -> Step | None:
        with self._changed:
            while waits and not self._steps:
                self._changed.wait()
            if not self._steps:
                return None
            step = self._steps.popleft()
            self._n_windows -= isinstance(step, WindowRead)
            self._changed.notify_all()
            return step

    def drop(self) -> None:
        """Nobody takes any more of it."""
        with self._changed:
            self._is_dropped = True
            self._steps.clear()
            self._changed.notify_all()


class ReadingAhead:
    """The steps of files, in the order of the files, while threads read on.

    n_threads: files that are read at the same time. most_files: files that are begun and not taken to their end.
    most_windows: of one file that wait. For one thread at a time; `close` it.
    """

    def __init__(
        self, paths: Sequence[Path], read: ReadFile, *, n_threads: int, most_files: int, most_windows: int
    ) -> None:
        self._paths, self._most_files, self._most_windows = paths, most_files, most_windows
        self._files: deque[_FileRead] = deque()
        self._n_begun = 0
        self._waiting: SimpleQueue[_FileRead | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._waiting, read), name="file reading", daemon=True)
            for _ in range(min(n_threads, len(paths)))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def place(self) -> int:
        """The place among the paths of the file whose steps come next."""
        return self._n_begun - len(self._files)

    def take(self, *, waits: bool) -> Step | None:
        """The next step, with EndRead at the end of each file; None if there is none yet, or no file any more."""
        self._begin_files()
        if not self._files:
            return None
        step = self._files[0].take(waits=waits)
        if isinstance(step, EndRead):
            self._files.popleft()
            self._begin_files()
        return step

    def skip_to(self, place: int) -> None:
        """Leave out the rest of the files before this one."""
        while self.place < place:
            self._begin_files()
            self._files.popleft().drop()

    def close(self) -> None:
        """End the threads, and wait until they have closed their files."""
        for file in self._files:
            file.drop()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _begin_files(self) -> None:
        while len(self._files) < self._most_files and self._n_begun < len(self._paths):
            file = _FileRead(self._paths[self._n_begun], self._most_windows)
            self._n_begun += 1
            self._files.append(file)
            self._waiting.put(file)


def _work(waiting: SimpleQueue[_FileRead | None], read: ReadFile) -> None:
    while (file := waiting.get()) is not None:
        file.run(read)
