"""Windows of several files go through a model together, and each file has the answers that it has alone."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference import file_tagging
from core.inference.file_tagging import WindowReader, decode_frames, tag_file, windows_of
from core.inference.files.reading_ahead import Put, ReadFile, WindowRead
from core.inference.files.together import Together, answers_in
from core.inference.frame_tagging import rows_in, tag_file_frames
from core.inference.results import TagScores, Window
from core.inference.tagger import Tagger
from fakes import telling_tagger, tiny_tagger
from tests.core.audio.decoding.media_samples import write_stretches

PATHS = [Path(name) for name in "abcd"]
FRAMES = np.zeros((4, 2), np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Short and long ones, and one with a gap too long to be filled."""
    stretches = [[(0.0, 0.5)], [(0.0, 7.3)], [(0.0, 0.2)], [(1.0, 3.0), (40.0, 42.5)], [(0.0, 3.0)]]
    return [
        write_stretches(tmp_path / f"{place}.mka", "pcm_s16le", parts, 16_000) for place, parts in enumerate(stretches)
    ]


def one_by_one(path: Path, tagger: Tagger) -> list[TagScores]:
    """Every window by itself, on one thread."""
    runs = decode_frames(path, tagger.log_mel, [], None, None)
    return [tagger.tag(frames, start) for start, frames in windows_of(runs, 100, 50)]


@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_the_answers_are_those_of_the_files_one_after_the_other(files: list[Path], at_once: int) -> None:
    tagger = tiny_tagger()
    with Together(files, WindowReader(tagger.log_mel, 100, 50), tagger.tag_many, at_once) as together:
        for path in files:
            found = [window.answer for window in answers_in(together.of(path))]
            wanted = one_by_one(path, tagger)
            assert [(one.start_frame, one.end_frame) for one in found] == [(w.start_frame, w.end_frame) for w in wanted]
            for one, other in zip(found, wanted, strict=True):
                assert np.array_equal(one.probabilities, other.probabilities)


def test_rows_of_several_files_are_those_of_each_alone(files: list[Path]) -> None:
    tagger = telling_tagger()
    with Together(files, WindowReader(tagger.log_mel, 100, 50), tagger.tag_frames_many, 5) as together:
        for path in files:
            found = list(rows_in(answers_in(together.of(path)), 50, len(tagger.labels)))
            wanted = list(tag_file_frames(path, tagger, window_s=1.0, hop_s=0.5))
            for one, other in zip(found, wanted, strict=True):
                assert np.array_equal(one.probabilities, other.probabilities)
                assert np.array_equal(one.times_s, other.times_s)
                assert one.heard_s == other.heard_s


def read_and_tell(last_read: threading.Event, n_windows: int = 2) -> ReadFile:
    def read(path: Path, put: Put) -> None:
        for place in range(n_windows):
            put(WindowRead(place, FRAMES))
        if path == PATHS[-1]:
            last_read.set()

    return read


def asked_with(fails_at: Callable[[int], bool] = lambda _start: False) -> tuple[list[int], Callable[..., list[int]]]:
    batches: list[int] = []

    def ask(windows: Sequence[Window]) -> list[int]:
        batches.append(len(windows))
        if any(fails_at(start) for start, _ in windows):
            raise MemoryError
        return [start for start, _ in windows]

    return batches, ask


def test_a_batch_has_windows_of_several_files() -> None:
    last_read = threading.Event()
    batches, ask = asked_with()
    with Together(PATHS, read_and_tell(last_read), ask, 8) as together:
        steps = together.of(PATHS[0])
        together._ahead._begin_files()
        last_read.wait()
        assert [window.answer for window in answers_in(steps)] == [0, 1]
        assert [[one.answer for one in answers_in(together.of(path))] for path in PATHS[1:]] == [[0, 1]] * 3
    assert sum(batches) == 8
    assert len(batches) <= 2  # the end of the last file may still have been on its way


def test_an_error_of_the_model_hits_the_file_of_its_window_alone() -> None:
    def read(path: Path, put: Put) -> None:
        for place in range(3):
            put(WindowRead(10 * PATHS.index(path) + place, FRAMES))

    _, ask = asked_with(lambda start: start == 11)
    found: dict[str, list[int]] = {}
    with Together(PATHS, read, ask, 5) as together:
        for path in PATHS:
            answers = found.setdefault(path.name, [])
            try:
                answers += (one.answer for one in answers_in(together.of(path)))
            except MemoryError:
                answers.append(-1)
    assert found == {"a": [0, 1, 2], "b": [10, -1], "c": [20, 21, 22], "d": [30, 31, 32]}


def test_a_damaged_file_gives_what_it_has_and_its_error_and_the_next_ones_go_on(files: list[Path]) -> None:
    tagger = tiny_tagger()
    content = files[1].read_bytes()
    files[1].write_bytes(content[: len(content) // 2])
    files[2].write_bytes(b"no sound")
    seen: list[str] = []
    with Together(files, WindowReader(tagger.log_mel, 100, 50), tagger.tag_many, 8) as together:
        for path in files:
            n_windows = 0
            try:
                for _ in answers_in(together.of(path)):
                    n_windows += 1
            except UserError:
                seen.append(f"{n_windows} and an error")
            else:
                seen.append(f"{n_windows}")
    alone = [len(one_by_one(path, tagger)) for path in (files[0], files[3], files[4])]
    assert seen[0] == str(alone[0])
    assert seen[1].endswith("and an error")
    assert int(seen[1].split()[0]) > 3
    assert seen[2] == "0 and an error"
    assert seen[3:] == [str(alone[1]), str(alone[2])]


def test_files_that_are_not_asked_for_are_left_out() -> None:
    last_read = threading.Event()
    _, ask = asked_with()
    with Together(PATHS, read_and_tell(last_read), ask, 3) as together:
        steps = together.of(PATHS[0])
        next(steps)  # and no more of it
        assert [one.answer for one in answers_in(together.of(PATHS[3]))] == [0, 1]


def test_a_file_that_is_not_tagged_to_its_end_is_closed(files: list[Path]) -> None:
    scores = tag_file(files[1], tiny_tagger(), window_s=1.0, hop_s=0.1)
    next(scores)
    readers = [thread for thread in threading.enumerate() if thread.name == "file reading"]
    scores.close()
    assert readers
    assert not any(thread.is_alive() for thread in readers)


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def peak_of(minutes: int) -> tuple[float, int]:
        """MB, and the number of windows."""

        def blocks(_path: Path, rate: int, block_s: float) -> Iterator[AudioBlock]:
            noise = np.random.default_rng(1).normal(0, 0.1, round(rate * block_s)).astype(np.float32)
            return (AudioBlock(noise, place * len(noise), rate) for place in range(60 * minutes))

        monkeypatch.setattr(file_tagging, "decode_blocks", blocks)
        read = WindowReader(LogMelConfig(), 1024, 500)
        tracemalloc.start()
        with Together([tmp_path], read, lambda windows: [start for start, _ in windows], 4) as together:
            n_windows = sum(1 for _ in answers_in(together.of(tmp_path)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / 1e6, n_windows

    peak_of(1)  # what is made once
    (short_mb, n_short), (long_mb, n_long) = peak_of(2), peak_of(20)
    assert (n_short, n_long) == (23, 239)
    assert long_mb < short_mb + 5
