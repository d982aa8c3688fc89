"""The dialog for a clip of a training set lists the labels that a folder has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.kept.clip_dialog import ClipDialog


def _labels(dialog: ClipDialog) -> list[str]:
    return [dialog.label.itemText(place) for place in range(dialog.label.count())]


def test_the_labels_are_the_folders(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("dog", "bird", ".hidden"):
        (tmp_path / name).mkdir()
    dialog = ClipDialog(tmp_path, "cat")
    qtbot.addWidget(dialog)
    assert (_labels(dialog), dialog.label.currentText()) == (["bird", "dog"], "cat")


def test_a_folder_that_may_not_be_read_has_none(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(Path, "iterdir", refuse)
    dialog = ClipDialog(tmp_path, "cat")
    qtbot.addWidget(dialog)
    dialog.folder.setText("x" * 5000)
    assert (_labels(dialog), dialog.label.currentText()) == ([], "cat")
