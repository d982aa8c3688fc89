"""Takes the windows of several files through a model together; each file's answers stay in order, and its error its."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core.inference.engines.threads import usable_cores
from core.inference.files.reading_ahead import EndRead, ProgressRead, ReadFile, ReadingAhead, WindowRead
from core.inference.results import Window

Answer = TypeVar("Answer")
Result = TypeVar("Result")
Progress = Callable[[float | None], None]
_FEWEST_WAITING = 4
_CORES_PER_READER = 4
"""What one core decodes, several are needed to tag."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """What the model says of the window that starts at a frame of its file and has so many frames."""

    start_frame: int
    n_frames: int
    answer: Answer


class Together(Generic[Answer]):
    """Files of which `of` gives the answers, one file after the other; a context manager.

    read: how a file is read, on other threads. ask: the model, several windows at once; at_once: as many as it needs to
    be as fast as it can. Windows that wait for the model are at most four times as many, or a few.
    """

    def __init__(
        self, paths: Sequence[Path], read: ReadFile, ask: Callable[[Sequence[Window]], list[Answer]], at_once: int
    ) -> None:
        self._paths, self._ask, self._at_once = paths, ask, at_once
        n_threads = max(1, usable_cores() // _CORES_PER_READER)
        self._ahead = ReadingAhead(
            paths,
            read,
            n_threads=n_threads,
            most_files=n_threads + at_once + 1,
            most_windows=max(_FEWEST_WAITING, 2 * at_once),
        )
        self._next_place = 0
        self._ready: deque[tuple[int, Answered[Answer] | ProgressRead | EndRead]] = deque()

    def __enter__(self) -> Together[Answer]:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the reading, whatever is left of it."""
        self._ahead.close()

    def of(self, path: Path) -> Iterator[Answered[Answer] | ProgressRead]:
        """The answers of a file, and how far it has been read.

        Files come in their order; those in between, and what was not taken of the one before, are left out. Raises what
        reading the file raised, after its last answer, or what asking about it did.
        """
        place = self._paths.index(path, self._next_place)
        self._next_place = place + 1
        self._ahead.skip_to(place)
        while True:
            if not self._ready:
                self._ask_for_more()
            owner, step = self._ready.popleft()
            if owner < place:
                continue
            if not isinstance(step, EndRead):
                yield step
                continue
            if step.error is not None:
                raise step.error
            return

    def _ask_for_more(self) -> None:
        """Wait for the next step, take those that are there too, and ask the model about their windows."""
        steps: list[tuple[int, WindowRead | ProgressRead | EndRead]] = []
        n_windows = 0
        while n_windows < self._at_once:
            place = self._ahead.place
            step = self._ahead.take(waits=not steps)
            if step is None:
                break
            steps.append((place, step))
            n_windows += isinstance(step, WindowRead)
        windows = [(step.start_frame, step.frames) for _, step in steps if isinstance(step, WindowRead)]
        answers = iter(self._answers_to(windows))
        for place, step in steps:
            self._ready.append((place, _with_answer(step, answers) if isinstance(step, WindowRead) else step))

    def _answers_to(self, windows: Sequence[Window]) -> Sequence[Answer | EndRead]:
        """What the model says; where it fails, each window is asked about by itself, so that an error hits one file."""
        if not windows:
            return []
        try:
            return self._ask(windows)
        except Exception as error:
            if len(windows) == 1:
                return [EndRead(error)]
        return [self._answers_to([window])[0] for window in windows]


def _with_answer(window: WindowRead, answers: Iterator[Answer | EndRead]) -> Answered[Answer] | EndRead:
    answer = next(answers)
    return answer if isinstance(answer, EndRead) else Answered(window.start_frame, len(window.frames), answer)


class TaggedFiles(Generic[Result]):
    """Files of which `of` gives the results, one file after the other; a context manager.

    make_results: makes them from the answers of a file.
    """

    def __init__(
        self, files: Together[Answer], make_results: Callable[[Iterator[Answered[Answer]]], Iterator[Result]]
    ) -> None:
        self._close = files.close
        self._of: Callable[[Path, Progress | None], Iterator[Result]] = lambda path, on_progress: make_results(
            answers_in(files.of(path), on_progress)
        )

    def __enter__(self) -> TaggedFiles[Result]:
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def of(self, path: Path, on_progress: Progress | None = None) -> Iterator[Result]:
        """The results of the file; see `Together.of`."""
        return self._of(path, on_progress)


def answers_in(
    steps: Iterator[Answered[Answer] | ProgressRead], on_progress: Progress | None = None
) -> Iterator[Answered[Answer]]:
    """The answers of a file; calls `on_progress` with how far it has been read."""
    for step in steps:
        if not isinstance(step, ProgressRead):
            yield step
        elif on_progress is not None:
            on_progress(step.share)
