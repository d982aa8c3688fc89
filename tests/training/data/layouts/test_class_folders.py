"""Class folders: takes of one recording stay together, folds are even, other files are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.layouts.made_folders import class_folders, touch
from training.data.layouts.class_folders import read_class_folders, source_name
from training.data.manifest import read_manifest


def test_class_folders_are_dealt_to_folds_evenly(tmp_path: Path) -> None:
    manifest = read_manifest(class_folders(tmp_path))
    assert [label.id for label in manifest.labels] == ["dog", "rain"]
    for fold in "12345":
        assert sorted(clip.labels for clip in manifest.split((fold,)).test) == [(0,), (0,), (1,), (1,)]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("street_1", "street"),
        ("street 12b", "street"),
        ("street-a", "street"),
        ("street (2)", "street"),
        ("street copy", "street"),
        ("street - take 3", "street"),
        ("1-100032-A-0", "1-100032-A"),
        ("17", "17"),
        ("siren2000", "siren2000"),
        ("_1", "_1"),
    ],
)
def test_a_take_is_taken_off_a_name(stem: str, name: str) -> None:
    assert source_name(stem) == name


def test_takes_of_one_recording_stay_together_in_whichever_class_they_lie(tmp_path: Path) -> None:
    touch(tmp_path, "car/street_1.wav", "car/street_2.wav", "car/yard.wav", "siren/street_3.wav", "siren/yard.wav")
    touch(tmp_path, *(f"dog/dog_{i}.wav" for i in range(5)), *(f"owl/night-{i}.wav" for i in range(5)))
    clips = {f"{clip.path.parent.name}/{clip.path.stem}": clip for clip in read_manifest(tmp_path).clips}
    assert len({clips[name].group for name in ("car/street_1", "car/street_2", "siren/street_3")}) == 1
    assert len({clips[name].fold for name in ("car/street_1", "car/street_2", "siren/street_3")}) == 1
    assert clips["car/yard"].group != clips["siren/yard"].group
    assert {clips[f"dog/dog_{i}"].fold for i in range(5)} == set("12345"), "numbered like its class: five recordings"
    assert {clips[f"owl/night-{i}"].fold for i in range(5)} == set("12345"), "all alike: five recordings"


def test_files_of_other_endings_are_counted_in_one_note(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{name}/{letter}x.wav" for name in ("dog", "rain") for letter in "abc"))
    others = ("dog/notes.txt", "rain/more.TXT", "rain/deep/b.xyz", "rain/README", "rain/.DS_Store", "rain/._a.wav")
    listing = read_class_folders(touch(tmp_path, *others))
    assert listing is not None
    [note] = listing.notes
    assert (note.kind, note.severity) == ("left_out", "note")
    assert "4 files" in note.text
    assert ".txt (2)" in note.text
    assert "no ending (1)" in note.text


def test_a_folder_without_clips_is_no_layout_of_this_kind(tmp_path: Path) -> None:
    assert read_class_folders(tmp_path) is None
    assert read_class_folders(touch(tmp_path, "a.wav", "_cache/b.wav", ".hidden/c.wav", "texts/d.txt")) is None
    assert read_class_folders(tmp_path / "a.wav") is None
