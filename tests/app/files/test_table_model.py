"""The model of the table of files: each file once, in order, with its texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.files.row import FileState
from app.files.table_model import CANCEL, COLUMNS, LENGTH, NAME, STATE, TAGS, FilesModel
from core.errors import UserError


@pytest.fixture
def model(qapp: QApplication) -> FilesModel:
    made = FilesModel()
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    return made


def _paths(*names: str) -> list[Path]:
    return [Path("/sounds", name) for name in names]


def test_a_file_is_listed_once(model: FilesModel) -> None:
    assert [row.path.name for row in model.add(_paths("a.wav", "a.wav"))] == ["a.wav"]
    assert model.add(_paths("a.wav")) == []
    model.add(_paths("b.wav"))
    assert [row.path.name for row in model.rows] == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("state", "is_queued"),
    [
        (FileState.WAITING, False),
        (FileState.TAGGING, False),
        (FileState.DONE, False),
        (FileState.FAILED, True),
        (FileState.CANCELLED, True),
    ],
)
def test_only_a_failed_or_cancelled_file_is_queued_again(model: FilesModel, state: FileState, is_queued: bool) -> None:
    [row] = model.add(_paths("a.wav"))
    row.state, row.error = state, UserError("It is broken.", "Fix it.")
    assert model.add(_paths("a.wav")) == [row] * is_queued
    assert (row.state is FileState.WAITING) is (is_queued or state is FileState.WAITING)
    assert (row.error is None) is is_queued


def test_cells_have_name_length_state_and_what_can_be_done(model: FilesModel) -> None:
    [row] = model.add(_paths("a.wav"))

    def texts(role: Qt.ItemDataRole) -> list[str]:
        return [model.index(0, column).data(role) for column in range(len(COLUMNS))]

    assert texts(Qt.ItemDataRole.DisplayRole) == ["a.wav", "", "", "waiting", ""]
    row.state, row.progress, row.duration_s, row.note = FileState.TAGGING, 0.5, 62.0, "Track 2"
    shown = texts(Qt.ItemDataRole.DisplayRole)
    assert shown[LENGTH] == "1:02"
    assert shown[STATE].startswith("tagging, 50")
    assert "Track 2" in shown[TAGS]
    assert texts(Qt.ItemDataRole.ToolTipRole)[NAME].splitlines()[0] == str(row.path)
    assert model.index(0, CANCEL).data(Qt.ItemDataRole.AccessibleTextRole) == "Cancel"
    row.state = FileState.DONE
    assert model.index(0, CANCEL).data(Qt.ItemDataRole.AccessibleTextRole) == "Remove"


def test_a_failed_file_shows_its_error_instead_of_tags(model: FilesModel) -> None:
    [row] = model.add(_paths("a.wav"))
    row.state, row.error = FileState.FAILED, UserError("It is broken.", "Fix it.")
    assert model.index(0, TAGS).data() == "It is broken. Fix it."
