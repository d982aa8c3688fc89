"""The queue of files: one at a time, each by itself, and all of them to be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.files.table_model import LENGTH, NAME, STATE, TAGS
from app.files.tagging_queue import TaggingQueue
from core.errors import UserError
from core.inference.results import TagScores
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore, FakePicture, FakeTagger, one_by_one, scores


@pytest.fixture
def files(core: FakeCore, qtbot: QtBot) -> Iterator[TaggingQueue]:
    made = TaggingQueue(core.api())
    QAbstractItemModelTester(made.model, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    made.use_tagger(FakeTagger())
    yield made
    core.let_go()
    assert made.close(5.0)


def test_all_files_are_cancelled_with_one_count(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    """Counting takes as long as the list is."""
    core.gate.clear()
    _add(files, *(f"{number}.wav" for number in range(50)))
    qtbot.waitUntil(lambda: FileState.TAGGING in _states(files))
    counted: list[None] = []
    files.counts_changed.connect(lambda: counted.append(None))
    files.cancel_all()
    assert _states(files) == [FileState.CANCELLED] * 50
    assert len(counted) == 1


def _states(files: TaggingQueue) -> list[FileState]:
    return [row.state for row in files.model.rows]


def _add(files: TaggingQueue, *names: str) -> None:
    files.add_paths([Path("/sounds", name) for name in names])


def _text(files: TaggingQueue, row: int, column: int) -> str:
    return files.model.index(row, column).data(Qt.ItemDataRole.DisplayRole)


def test_files_are_tagged_one_after_the_other(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    _add(files, "a.wav", "b.wav", "c.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 3)
    assert core.tagged == ["a.wav", "b.wav", "c.wav"]
    row = files.model.rows[0]
    assert row.timeline.scores is not None
    assert len(row.timeline.scores) == 4
    assert _text(files, 0, TAGS).startswith("Dog 90")
    assert _text(files, 0, LENGTH) == "0:25"
    assert _text(files, 0, STATE) == "done"


def test_a_surprise_in_one_file_or_its_picture_is_its_own(
    core: FakeCore, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    calls = core.api()

    def surprising(path: Path, *args: Any) -> Any:
        if path.name == "odd.wav":
            raise AttributeError("no codec")
        return core.tag(path, *args)

    def no_picture(path: Path, *_args: Any) -> Any:
        raise AttributeError(f"no codec in {path.name}")

    files = TaggingQueue(replace(calls, tag_files=one_by_one(surprising), file_picture=no_picture))
    files.use_tagger(FakeTagger())
    _add(files, "odd.wav", "good.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.FAILED, FileState.DONE])
    odd, good = files.model.rows
    assert "no codec" in str(odd.error)
    with qtbot.waitSignal(files.picture_ready):
        files.request_picture(good)
    assert "no codec in good.wav" in good.timeline.message
    assert good.state is FileState.DONE
    assert len([record for record in caplog.records if record.exc_info]) == 2
    assert files.close(5.0)


def test_a_bad_file_says_why_and_the_others_go_on(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.bad_files["bad.wav"] = UserError("bad.wav is no sound.", "Export it again.")
    _add(files, "bad.wav", "good.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.FAILED, FileState.DONE])
    assert _text(files, 0, TAGS) == "bad.wav is no sound. Export it again."


def test_what_cannot_be_found_is_a_failed_row(files: TaggingQueue, qtbot: QtBot) -> None:
    _add(files, "missing.wav", "here.wav")
    qtbot.waitUntil(lambda: sorted(row.state.value for row in files.model.rows) == ["done", "failed"])


def test_one_file_can_be_cancelled_and_the_next_goes_on(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    _add(files, "a.wav", "b.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.TAGGING, FileState.WAITING])
    files.cancel(files.model.rows[0])
    qtbot.waitUntil(lambda: _states(files) == [FileState.CANCELLED, FileState.TAGGING])
    core.gate.set()
    qtbot.waitUntil(lambda: _states(files)[1] is FileState.DONE)


def test_a_length_is_told_only_once_it_is_known(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    def stop_after_two(path: Path, *others: Any) -> Iterator[TagScores]:
        yield scores(0, 1024)
        yield scores(500, 1524)
        core.gate.wait(PATIENCE_S)

    core.gate.clear()
    files._core = replace(core.api(), tag_files=one_by_one(stop_after_two))
    _add(files, "long.wav")
    row_of = files.model.rows
    qtbot.waitUntil(lambda: bool(row_of) and row_of[0].tagged_s > 0)
    assert _text(files, 0, LENGTH) == ""
    view = row_of[0].timeline.view
    assert (view.left_s, view.right_s) == (0.0, row_of[0].tagged_s), "lanes show what is known by now"
    core.gate.set()
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    assert _text(files, 0, LENGTH) == "0:15"


def test_all_can_be_cancelled(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    _add(files, "a.wav", "b.wav", "c.wav")
    qtbot.waitUntil(lambda: core.tagged == ["a.wav"])
    files.cancel_all()
    assert _states(files) == [FileState.CANCELLED] * 3
    assert not files.is_busy


def test_a_cancelled_file_dropped_again_is_tagged_from_its_beginning(
    files: TaggingQueue, core: FakeCore, qtbot: QtBot
) -> None:
    core.gate.clear()
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: core.tagged == ["a.wav"])
    files.cancel_all()
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: core.tagged == ["a.wav", "a.wav"])
    core.gate.set()
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    track = files.model.rows[0].timeline.scores
    assert track is not None
    assert len(track) == 4


def test_files_wait_for_the_model(core: FakeCore, qtbot: QtBot) -> None:
    files = TaggingQueue(core.api())
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.WAITING])
    files.use_tagger(FakeTagger())
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    assert files.close(5.0)


def test_removing_and_clearing_stop_what_runs(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    _add(files, "a.wav", "b.wav", "c.wav")
    qtbot.waitUntil(lambda: core.tagged == ["a.wav"])
    files.remove(files.model.rows[0])
    qtbot.waitUntil(lambda: core.tagged == ["a.wav", "b.wav"])
    files.clear()
    assert files.model.rows == []
    assert files.close(5.0)


def test_the_picture_is_read_once(files: TaggingQueue, qtbot: QtBot) -> None:
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    row = files.model.rows[0]
    with qtbot.waitSignal(files.picture_ready):
        files.request_picture(row)
    files.request_picture(row)
    assert row.timeline.history is not None
    assert (row.timeline.view.left_s, row.timeline.view.right_s) == (0.0, 20.0)


def test_a_note_about_the_track_is_on_the_files_row(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.notes["phone.m4a"] = "Audio track 1 cannot be decoded here, so audio track 2 was used."
    _add(files, "phone.m4a", "a.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 2)
    assert "audio track 2 was used" in _text(files, 0, TAGS)
    assert "audio track 2 was used" in files.model.index(0, NAME).data(Qt.ItemDataRole.ToolTipRole)
    assert "track" not in _text(files, 1, TAGS)


def test_gaps_of_a_file_are_gaps_of_its_picture(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    picture = FakePicture()
    picture.is_gap = np.zeros(40, bool)
    picture.is_gap[:3] = picture.is_gap[10:12] = picture.is_gap[39:] = True
    files._core = replace(core.api(), file_picture=lambda *_: picture)
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    row = files.model.rows[0]
    with qtbot.waitSignal(files.picture_ready):
        files.request_picture(row)
    assert row.timeline.history is not None
    assert row.timeline.history.gaps == [(0, 3), (10, 12), (39, 40)]
    assert row.timeline.history.end == 40


def test_busy_is_told_only_when_it_begins_and_ends(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    busy: list[bool] = []
    told: list[int] = []
    files.busy_changed.connect(lambda: busy.append(files.is_busy))
    files.row_changed.connect(lambda: told.append(1))
    core.windows_a_file = 40
    _add(files, "a.wav", "b.wav", "c.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 3)
    assert busy == [True, False]
    assert len(told) > len(busy)
    files.clear()
    assert busy == [True, False]


def test_counts_are_told_whenever_a_file_is_in_another_state(files: TaggingQueue, qtbot: QtBot) -> None:
    counts: list[tuple[int, int]] = []
    files.counts_changed.connect(lambda: counts.append((len(files.model.rows), _states(files).count(FileState.DONE))))
    _add(files, "a.wav", "b.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 2)
    files.clear()
    assert counts == [(2, 0), (2, 0), (2, 1), (2, 1), (2, 2), (0, 0)]


def test_another_model_tags_from_the_next_file_on(files: TaggingQueue, core: FakeCore, qtbot: QtBot) -> None:
    core.gate.clear()
    _add(files, "a.wav", "b.wav", "c.wav")
    qtbot.waitUntil(lambda: _states(files)[:1] == [FileState.TAGGING])
    files.use_tagger(FakeTagger("Other"))
    core.gate.set()
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 3)
    assert [row.model for row in files.model.rows] == ["Starter", "Other", "Other"]


def test_a_file_that_waits_once_more_has_its_turn_in_the_order_of_the_list(
    files: TaggingQueue, core: FakeCore, qtbot: QtBot
) -> None:
    _add(files, "a.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE])
    core.gate.clear()
    _add(files, "b.wav", "c.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE, FileState.TAGGING, FileState.WAITING])
    files.tag_again(files.model.rows[0])
    core.gate.set()
    qtbot.waitUntil(lambda: _states(files) == [FileState.DONE] * 3)
    assert core.tagged == ["a.wav", "b.wav", "a.wav", "c.wav"]


def test_where_nothing_can_be_tagged_every_file_says_why(core: FakeCore, qtbot: QtBot) -> None:
    def refuse(*_args: Any) -> Any:
        raise UserError("The model is gone.", "Choose another.")

    files = TaggingQueue(replace(core.api(), tag_files=refuse))
    files.use_tagger(FakeTagger())
    _add(files, "a.wav", "b.wav")
    qtbot.waitUntil(lambda: _states(files) == [FileState.FAILED] * 2)
    assert [str(row.error) for row in files.model.rows] == [str(files.model.rows[0].error)] * 2
    assert files.model.rows[0].error is not None
    assert files.model.rows[0].error.problem == "The model is gone."
    assert not files.is_busy
    assert files.close(5.0)
