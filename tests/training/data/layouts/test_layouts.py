"""Every layout recognises itself, and reports what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.data.layouts.made_folders import AUDIOSET_LABELS, MAKERS, touch, write_lines
from training.data.layouts import LAYOUTS, read_layout
from training.data.manifest import read_manifest


@pytest.mark.parametrize("layout", MAKERS)
def test_every_layout_recognises_itself_and_nothing_else_does_before_it(layout: str, tmp_path: Path) -> None:
    path = MAKERS[layout](tmp_path)
    assert len(LAYOUTS) == len(MAKERS)
    assert read_layout(path).layout == layout
    manifest = read_manifest(path)
    assert manifest.layout == layout
    assert all(clip.path.is_file() for clip in manifest.clips)


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("manifest.csv", ("file,class",), "no column path, label, fold_or_split"),
        ("manifest.csv", ("path,label,fold_or_split",), "lists no clip"),
        (
            "manifest.csv",
            ("path,label,fold_or_split", "a.wav,dog,1", "a.wav"),
            r"line 3 of manifest\.csv is incomplete",
        ),
        ("manifest.csv", ("path,label,fold_or_split", "a.wav,dog,1", "b.wav,dog,1", "c.wav,dog,1"), "2 of 3 clips are"),
        ("validation_list.txt", (), "neither a manifest"),
        ("class_labels_indices.csv", AUDIOSET_LABELS, "no list of clips"),
        ("class_labels_indices.csv", (*AUDIOSET_LABELS, "3,/m/y"), "line 5 of class_labels_indices.csv is incomplete"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, lines: tuple[str, ...], says: str) -> None:
    touch(tmp_path, "a.wav")
    write_lines(tmp_path, name, *lines)
    with pytest.raises(UserError, match=says):
        read_manifest(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no data folder"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no data folder"):
        read_manifest(tmp_path / "nowhere", "starter")
