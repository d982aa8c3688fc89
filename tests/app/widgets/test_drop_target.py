"""Drag and drop: what a drag carries and what dropping it will do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData

from app.widgets.drop_target import Drop, read_drop
from tests.app.window_driving import mime_of


def test_a_drop_describes_what_it_will_do(tmp_path: Path) -> None:
    files = tuple(tmp_path / f"{i}.wav" for i in range(14))
    assert Drop(files, 0).description == "Tag 14 files"
    assert Drop((*files[:1], tmp_path), 0).description == "Tag 1 file and 1 folder"
    assert Drop((), 3).description == "Only files on this computer can be tagged"


def test_a_drag_of_something_else_is_no_drop(tmp_path: Path) -> None:
    assert read_drop(QMimeData()) is None
    drop = read_drop(mime_of(str(tmp_path), "https://example.org/a.wav"))
    assert drop == Drop((tmp_path,), refused=1)
