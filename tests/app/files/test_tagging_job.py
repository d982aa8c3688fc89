"""Files are tagged in their order, windows of several together; what each reports is its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.files.row import FileRow, FileState
from app.files.tagging_job import Begun, Ended, FoundInFile, Noted, Step, next_batch, tag_batch
from app.runtime.core_api import CoreApi
from core.inference.frame_rows import window_of
from core.inference.frame_tagging import tag_file_frames
from core.inference.results import FrameScores, TagScores, Window
from core.inference.tagger import Tagger
from fakes import telling_tagger, tiny_tagger, write_noise
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore, FakeTagger, one_by_one

SECONDS = (1.0, 0.4, 2.6, 0.7, 1.0)


@pytest.fixture
def rows(tmp_path: Path) -> list[FileRow]:
    """Short files, one of which is no sound."""
    paths = [tmp_path / f"{place}.wav" for place in range(len(SECONDS))]
    for path, seconds in zip(paths, SECONDS, strict=True):
        write_noise(path, seconds)
    paths[3].write_bytes(b"no sound")
    return [FileRow(path) for path in paths]


class SeveralAtOnce:
    """A tagger that wants four windows at once, and notes how many it gets."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self.at_once = 4
        self.asked: list[int] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def tag_frames_many(self, windows: Sequence[Window]) -> list[FrameScores]:
        self.asked.append(len(windows))
        assert self.may_answer.wait(PATIENCE_S)
        return self._tagger.tag_frames_many(windows)


def tagged(core: CoreApi, rows: Sequence[FileRow], tagger: Any) -> dict[FileRow, list[Step]]:
    """The steps of each file, in the order in which they began."""
    steps: dict[FileRow, list[Step]] = {}
    batch = next_batch(iter(rows), tagger)
    assert batch is not None
    tag_batch(core, batch, lambda row, step: steps.setdefault(row, []).append(step))
    return steps


def test_each_file_has_what_it_has_alone_and_its_own_error(rows: list[FileRow]) -> None:
    tagger = telling_tagger()
    steps = tagged(CoreApi(), rows, SeveralAtOnce(tagger))
    assert list(steps) == rows
    for row, told in steps.items():
        assert isinstance(told[0], Begun)
        assert isinstance(told[-1], Ended)
        found = [step for step in told if isinstance(step, FoundInFile)]
        if row is rows[3]:
            assert told[-1].error is not None
            assert "3.wav" in told[-1].error.problem
            continue
        assert told[-1].error is None
        assert found[-1].progress == pytest.approx(1.0)
        windows = [window for step in found for window in step.scores]
        wanted = list(map(window_of, tag_file_frames(row.path, tagger)))
        assert [(one.start_frame, one.end_frame) for one in windows] == [(o.start_frame, o.end_frame) for o in wanted]
        for one, other in zip(windows, wanted, strict=True):
            assert np.array_equal(one.probabilities, other.probabilities)


def test_windows_of_several_files_go_through_the_model_together(rows: list[FileRow]) -> None:
    class AskedWhileRead(threading.Event):
        """Files are asked about while they are read: then those before them have been."""

        def is_set(self) -> bool:
            tagger.may_answer.set()
            return False

    tagger = SeveralAtOnce(telling_tagger())
    tagger.may_answer.clear()
    rows[2].stop = AskedWhileRead()
    steps = tagged(CoreApi(), [rows[0], rows[1], rows[4], rows[2]], tagger)
    assert tagger.asked[1] > 1, "while the model was busy with the first window, those of the next files came"
    assert len(steps) == 4


def test_files_without_a_frame_head_are_tagged_too(rows: list[FileRow]) -> None:
    steps = tagged(CoreApi(), rows[:2], tiny_tagger())
    for told in steps.values():
        assert [type(step) for step in (told[0], told[-1])] == [Begun, Ended]
        assert [len(step.scores) for step in told if isinstance(step, FoundInFile)][-1] == 1


def test_a_file_that_is_stopped_is_left_out_and_one_that_is_being_tagged_ends(core: FakeCore) -> None:
    rows = [FileRow(Path(name)) for name in ("a.wav", "b.wav", "c.wav")]
    rows[1].stop.set()

    def stop_after_one(path: Path, *_others: Any) -> Iterator[TagScores]:
        for start in (0, 500, 1000):
            if path.name == "a.wav":
                rows[0].stop.set()
            yield TagScores(np.zeros(14, np.float32), start, start + 1024)

    steps = tagged(replace(core.api(), tag_files=one_by_one(stop_after_one)), rows, FakeTagger())
    assert list(steps) == [rows[0], rows[2]]
    n_windows = [sum(len(step.scores) for step in told if isinstance(step, FoundInFile)) for told in steps.values()]
    assert n_windows == [1, 3]


def test_no_other_file_is_begun_once_the_batch_ends(core: FakeCore) -> None:
    rows = [FileRow(Path(name)) for name in ("a.wav", "b.wav")]
    batch = next_batch(iter(rows), FakeTagger())
    assert batch is not None
    begun: list[FileRow] = []

    def report(row: FileRow, step: Step) -> None:
        if isinstance(step, Begun):
            begun.append(row)
            batch.ends.set()

    tag_batch(core.api(), batch, report)
    assert begun == rows[:1]


def test_what_the_end_of_a_file_cuts_off_is_told(core: FakeCore) -> None:
    """Also where the last window has been told already."""
    tagger = FakeTagger()
    tagger.has_frame_head = True

    def one_window(*_args: Any) -> Iterator[TagScores]:
        values = np.zeros((10, 14), np.float32)
        values[4:, 2] = 0.9
        yield window_of(FrameScores(values, np.linspace(0.05, 0.95, 10, dtype=np.float64)))

    [told] = tagged(replace(core.api(), tag_files=one_by_one(one_window)), [FileRow(Path("a.wav"))], tagger).values()
    [event] = [event for step in told if isinstance(step, FoundInFile) for event in step.events]
    assert (event.label, event.onset_s, event.offset_s) == (2, 0.4, 1.0)


def test_notes_come_before_what_is_found(core: FakeCore) -> None:
    core.notes["a.wav"] = "Audio track 2 was used."
    [told] = tagged(core.api(), [FileRow(Path("a.wav"))], FakeTagger()).values()
    kinds = [type(step) for step in told]
    assert kinds[:2] == [Begun, Noted]
    assert all(one is not Noted for one in kinds[2:])


def test_a_batch_is_of_one_model_and_in_order() -> None:
    usual, other = FakeTagger(), FakeTagger("Other")
    rows = [FileRow(Path(f"{place}.wav"), tagger=other if place in (2, 3) else None) for place in range(5)]
    waiting = list(rows)
    found: list[list[FileRow]] = []
    while waiting:
        batch = next_batch(iter(waiting), usual)
        assert batch is not None
        found.append(list(batch.stops))
        assert batch.tagger is (other if rows[2] in batch.stops else usual)
        waiting = waiting[len(batch.stops) :]
    assert found == [rows[:2], rows[2:4], rows[4:]]
    assert all(len(one) <= 64 for one in found)
    assert next_batch(iter(rows), None) is None, "the model is not there yet"
    assert next_batch(iter([]), usual) is None


def test_a_row_that_waits_once_more_is_no_longer_the_batch_s() -> None:
    row = FileRow(Path("a.wav"), FileState.CANCELLED)
    batch = next_batch(iter([row]), FakeTagger())
    assert batch is not None
    assert batch.has(row)
    row.reset()
    assert not batch.has(row)
