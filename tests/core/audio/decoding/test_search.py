"""Files and folders that someone drops become a sorted list of files and a list of what went wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.audio.decoding.search import MEDIA_SUFFIXES, find_media


def filled(path: Path) -> Path:
    """A file that is not empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_folders_are_searched_in_depth_and_sorted(tmp_path: Path) -> None:
    wanted = [filled(tmp_path / name) for name in ("B/x.mp4", "B/z/Y.FLAC", "a.WAV", "b.mp3")]
    for name in ("notes.txt", "B/cover.jpg", "._a.WAV", "wav"):
        filled(tmp_path / name)

    found = find_media([tmp_path])

    assert found.files == tuple(wanted)
    assert found.problems == ()


def test_files_of_other_endings_are_counted(tmp_path: Path) -> None:
    for name in ("a.wav", "notes.txt", "B/more.TXT", "B/cover.jpg", "README", ".DS_Store", "._a.wav", "Thumbs.db"):
        filled(tmp_path / name)
    found = find_media([tmp_path, tmp_path / "B"])
    assert dict(found.others) == {".txt": 2, ".jpg": 1, "": 1}
    words = found.others_in_words()
    assert "4 files" in words
    assert ".txt (2)" in words
    assert "no ending (1)" in words
    assert find_media([tmp_path / "a.wav"]).others_in_words() == ""
    assert "3 files" in find_media([tmp_path, tmp_path / "README"]).others_in_words(), "named itself, it is tried"


def test_a_file_named_itself_is_tried_whatever_its_suffix(tmp_path: Path) -> None:
    odd = filled(tmp_path / "recording.bin")

    assert find_media([odd, str(odd)]).files == (odd,)


def test_each_wrong_path_is_a_problem_of_its_own_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = filled(tmp_path / "a.wav")
    empty_file = tmp_path / "empty.wav"
    empty_file.touch()
    barren = filled(tmp_path / "texts" / "a.txt").parent
    missing = tmp_path / "no.wav"

    found = find_media([missing, barren, empty_file, good])

    assert found.files == (good,)
    assert [path for path, _ in found.problems] == [missing, barren, empty_file]
    words = [error.problem for _, error in found.problems]
    assert words[0].startswith("There is no file")
    assert "“texts”" in words[1]
    assert "“empty.wav” is empty" in words[2]
    assert all(error.remedy for _, error in found.problems)


def test_a_folder_that_may_not_be_searched_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = filled(tmp_path / "open" / "a.wav")
    closed = tmp_path / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_media([tmp_path])

    assert found.files == (good,)
    assert [path for path, _ in found.problems] == [closed]
    assert found.problems[0][1].problem == "The folder “closed” cannot be searched: Permission denied."


def test_the_usual_suffixes_are_known() -> None:
    usual = "wav flac mp3 ogg oga opus m4a aac aiff aif wma caf au mp4 mov mkv webm avi m4v ts 3gp"

    assert {f".{suffix}" for suffix in usual.split()} <= MEDIA_SUFFIXES


def test_a_bad_file_named_beside_its_folder_is_told_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.touch()
    for order in ([tmp_path, bad], [bad, tmp_path]):
        found = find_media(order)
        assert found.files == ()
        assert [path for path, _ in found.problems] == [bad]
