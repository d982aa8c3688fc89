"""One file in the list: its top tags, its state, and how it is queued again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.files.kept_list import KeptFile
from app.files.row import FileRow, FileState
from app.style.formatting import THIN
from core.labels import LabelSet
from tests.app.app_fakes import FakeTagger, scores


def _row(*heard: dict[int, float]) -> FileRow:
    row, tagger = FileRow(Path("/sounds/a.wav")), FakeTagger()
    row.timeline.use_labels(tagger)
    assert row.timeline.scores is not None
    for window, probabilities in enumerate(heard):
        row.timeline.scores.append(scores(500 * window, 500 * window + 1024, probabilities))
    return row


def test_the_top_tags_are_the_three_highest_above_their_threshold() -> None:
    row = _row({0: 0.9, 1: 0.6, 2: 0.3}, {3: 0.95, 4: 0.55})
    assert row.top_tags().replace(THIN, " ") == "Cat 95 %,  Dog 90 %,  Rain 60 %"


def test_of_classes_above_one_another_the_most_specific_is_a_top_tag() -> None:
    row = _row({0: 0.95, 1: 0.9})
    labels = row.timeline.labels
    assert labels is not None
    above, below = labels[0], labels[1]
    row.timeline.models[0].labels = LabelSet((above, replace(below, parents=(above.id,)), *list(labels)[2:]))
    assert row.top_tags().startswith(below.name)
    assert above.name not in row.top_tags()


@pytest.mark.parametrize(("state", "has_text"), [(FileState.TAGGING, False), (FileState.DONE, True)])
def test_only_a_finished_file_says_that_it_has_no_tags(state: FileState, has_text: bool) -> None:
    row = _row({0: 0.2})
    row.state = state
    assert bool(row.top_tags()) is has_text


def test_without_scores_there_are_no_tags() -> None:
    assert FileRow(Path("/sounds/a.wav")).top_tags() == ""
    assert _row().top_tags() == ""


def test_a_reset_row_waits_and_its_old_worker_stays_stopped() -> None:
    row = _row({0: 0.9})
    row.state, row.progress, row.tagged_s, row.has_requested_picture = FileState.CANCELLED, 0.5, 12.0, True
    old_stop = row.stop
    old_stop.set()
    row.reset()
    assert (row.state, row.progress, row.tagged_s) == (FileState.WAITING, None, 0.0)
    assert old_stop.is_set()
    assert not row.stop.is_set()
    assert not row.has_requested_picture, "the file may have been fixed: its picture is read again"


def test_a_kept_file_in_a_state_of_another_version_waits() -> None:
    assert FileRow.from_kept(KeptFile(Path("a.wav"), "being cleaned")).state is FileState.WAITING
