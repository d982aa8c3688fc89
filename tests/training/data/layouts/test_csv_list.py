"""Lists as CSV: labels, folds, groups and parts of files are read as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.data.layouts.made_folders import any_csv, esc50, manifest_csv, touch, write_lines
from training.data.layouts import read_layout
from training.data.manifest import read_manifest


def test_a_manifest_may_give_several_labels_or_none(tmp_path: Path) -> None:
    manifest = read_manifest(manifest_csv(tmp_path))
    assert [label.id for label in manifest.labels] == ["dog", "rain"]
    assert [clip.labels for clip in manifest.clips] == [(1,), (0, 1), ()]
    assert [(clip.fold, clip.group) for clip in manifest.clips] == [("1", "g1"), ("2", "g2"), ("1", "g3")]
    assert manifest.licences == (("CC0", 2), ("CC BY", 1))


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ('"dog,rain"', ["dog", "rain"]),
        ("dog;rain;dog", ["dog", "rain"]),
        ("dog | rain", ["dog", "rain"]),
        ('"Child speech, kid speaking;rain"', ["Child speech, kid speaking", "rain"]),
    ],
)
def test_labels_of_a_csv_list(tmp_path: Path, cell: str, labels: list[str]) -> None:
    touch(tmp_path, "a.wav")
    manifest = read_manifest(write_lines(tmp_path, "list.csv", "Path,Labels,split", f"a.wav,{cell},train"))
    assert [manifest.labels[i].id for i in manifest.clips[0].labels] == labels
    assert manifest.clips[0].fold == "train"
    assert manifest.name == "list"


def test_a_csv_list_without_folds_keeps_its_groups_together(tmp_path: Path) -> None:
    clips = read_manifest(any_csv(tmp_path)).clips
    assert len({clip.fold for clip in clips if clip.group == "kitchen"}) == 1
    assert {clip.fold for clip in clips} == set("12345")


def test_esc50_as_published(tmp_path: Path) -> None:
    clips = read_manifest(esc50(tmp_path)).clips
    assert [(clip.path.name, clip.fold, clip.group) for clip in clips] == [
        ("1-1-A-0.wav", "1", "1"),
        ("2-7-A-1.wav", "2", "7"),
    ]


@pytest.mark.parametrize(("start", "end"), [("x", "1"), ("-1", "2"), ("2", "2"), ("3", "1"), ("nan", ""), ("0", "inf")])
def test_parts_that_no_file_has_are_refused(tmp_path: Path, start: str, end: str) -> None:
    touch(tmp_path, "a.wav")
    lines = ("path,label,start_s,end_s", "a.wav,rain,0,1", f"a.wav,bell,{start},{end}")
    with pytest.raises(UserError, match=r"line 3 of list\.csv"):
        read_manifest(write_lines(tmp_path, "list.csv", *lines))


def test_columns_for_collections_are_read_where_a_manifest_has_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "b.wav")
    head = "path,label,fold_or_split,audioset,yamnet_rank"
    write_lines(tmp_path, "manifest.csv", head, 'a.wav,x,train,"Bee, wasp, etc.|Buzz",7', "b.wav,y,test,,")
    first, second = read_layout(tmp_path).rows
    assert (first.audioset, first.yamnet_rank) == (("Bee, wasp, etc.", "Buzz"), 7)
    assert (second.audioset, second.yamnet_rank) == ((), None)
    write_lines(tmp_path, "manifest.csv", "path,label,fold_or_split", "a.wav,x,train")
    assert read_layout(tmp_path).rows[0].audioset is None
    write_lines(tmp_path, "manifest.csv", head, "a.wav,x,train,Buzz,first")
    with pytest.raises(UserError, match=r"line 2 of manifest.csv has a yamnet_rank"):
        read_layout(tmp_path)


def test_backslashes_are_tried_as_separators_and_noted(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/a.wav", "dogs/b.wav", "rain/c.wav", "d.wav")
    lines = ("dogs\\a.wav,dog", "dogs\\b.wav,dog", "rain\\c.wav,rain", "d.wav,rain")
    listing = read_layout(write_lines(tmp_path, "list.csv", "path,label", *lines))
    assert all(row.path.is_file() for row in listing.rows)
    [note] = listing.notes
    assert (note.kind, note.severity) == ("note", "note")
    assert "3 clips" in note.text
    slashes = write_lines(tmp_path, "list.csv", "path,label", "dogs/a.wav,dog", "d.wav,rain")
    assert read_layout(slashes).notes == ()
    with pytest.raises(UserError, match="1 of 2 clips are missing"):
        read_manifest(write_lines(tmp_path, "list.csv", "path,label", "no\\a.wav,dog", "d.wav,rain"))


def test_spare_columns_and_rows_of_a_spreadsheet_do_no_harm(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "b.wav")
    lines = ("sep=;", "path;label;;;", "a.wav;dog;;;", ";;;;", "b.wav;rain;;;")
    rows = read_layout(write_lines(tmp_path, "list.csv", *lines)).rows
    assert [(row.path.name, row.labels) for row in rows] == [("a.wav", ("dog",)), ("b.wav", ("rain",))]
