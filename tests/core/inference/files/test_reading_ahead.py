"""Files are read ahead in their order, within bounds, and nobody is left waiting."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from core.inference.files.reading_ahead import EndRead, ProgressRead, Put, ReadFile, ReadingAhead, Step, WindowRead

FRAMES = np.zeros((4, 2), np.float32)
PATHS = [Path(name) for name in "abcdefg"]


def counted(n_windows: int) -> ReadFile:
    """Reads as many windows of each file; each starts where its file is in the alphabet."""

    def read(path: Path, put: Put) -> None:
        for place in range(n_windows):
            put(WindowRead(100 * (ord(path.name) - ord("a")) + place, FRAMES))
            put(ProgressRead((place + 1) / n_windows))

    return read


def ahead_of(read: ReadFile, n_threads: int = 2, most_windows: int = 3) -> ReadingAhead:
    return ReadingAhead(PATHS, read, n_threads=n_threads, most_files=3, most_windows=most_windows)


def taken(ahead: ReadingAhead) -> list[Step]:
    steps = list[Step]()
    while (step := ahead.take(waits=True)) is not None:
        steps.append(step)
    return steps


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("n_windows", [0, 1, 10])
def test_every_step_comes_in_the_order_of_the_files(n_threads: int, n_windows: int) -> None:
    ahead = ahead_of(counted(n_windows), n_threads)
    steps = taken(ahead)
    ahead.close()
    starts = [step.start_frame for step in steps if isinstance(step, WindowRead)]
    assert starts == [100 * file + place for file in range(len(PATHS)) for place in range(n_windows)]
    assert [step.error for step in steps if isinstance(step, EndRead)] == [None] * len(PATHS)


def test_what_reading_raises_ends_its_file_alone() -> None:
    def read(path: Path, put: Put) -> None:
        put(WindowRead(0, FRAMES))
        if path.name in "bf":
            raise OSError(path.name)

    ahead = ahead_of(read)
    ends = [step.error for step in taken(ahead) if isinstance(step, EndRead)]
    ahead.close()
    assert [str(error or "") for error in ends] == ["", "b", "", "", "", "f", ""]


def test_a_file_has_no_more_windows_waiting_than_it_may() -> None:
    n_put = dict.fromkeys(PATHS, 0)
    n_taken = dict.fromkeys(PATHS, 0)
    too_many: list[Path] = []

    def read(path: Path, put: Put) -> None:
        for place in range(50):
            put(WindowRead(place, FRAMES))
            n_put[path] += 1
            if n_put[path] > n_taken[path] + 3 + 1:  # one more may have been taken and not counted yet
                too_many.append(path)

    ahead = ahead_of(read)
    begun = []
    while True:
        path = PATHS[min(ahead.place, len(PATHS) - 1)]
        step = ahead.take(waits=True)
        if step is None:
            break
        n_taken[path] += isinstance(step, WindowRead)
        begun.append(sum(count > 0 for count in n_put.values()) - ahead.place)
    ahead.close()
    assert too_many == []
    assert max(begun) <= 3
    assert set(n_taken.values()) == {50}


def test_files_may_be_left_out_also_those_that_wait_for_room() -> None:
    ahead = ahead_of(counted(10), most_windows=2)
    first = ahead.take(waits=True)
    assert isinstance(first, WindowRead)
    ahead.skip_to(5)
    assert ahead.place == 5
    steps = taken(ahead)
    ahead.close()
    assert [step.start_frame // 100 for step in steps if isinstance(step, WindowRead)] == [5] * 10 + [6] * 10


def test_closing_ends_the_threads_also_one_that_waits_for_room() -> None:
    told: list[bool] = []
    has_begun = threading.Event()

    def endless(_path: Path, put: Put) -> None:
        is_wanted = True
        while is_wanted:
            is_wanted = put(WindowRead(0, FRAMES))
            has_begun.set()
        told.append(is_wanted)

    ahead = ahead_of(endless, n_threads=2)
    ahead.take(waits=True)
    has_begun.wait()
    ahead.close()
    assert not any(thread.is_alive() for thread in ahead._threads)
    assert set(told) == {False}


def test_without_files_there_are_no_steps() -> None:
    ahead = ReadingAhead([], counted(1), n_threads=2, most_files=2, most_windows=2)
    assert ahead.take(waits=True) is None
    ahead.close()
