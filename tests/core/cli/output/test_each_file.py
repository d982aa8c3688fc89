"""Places of results: below a folder as the files lie below theirs, and never one for two files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.output.each_file import check_places, places_beside
from core.errors import UsageError


def test_results_lie_as_their_files_do(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    files = [tmp_path / "in" / "a.wav", tmp_path / "in" / "deep" / "b.mp3", tmp_path / "c.wav"]

    places = places_beside([tmp_path / "in", tmp_path / "c.wav"], files, Path("out"), ".srt")

    assert list(places.values()) == [Path("out/a.srt"), Path("out/deep/b.srt"), Path("out/c.srt")]


def test_two_files_never_have_one_place(tmp_path: Path) -> None:
    files = [tmp_path / "one" / "a.wav", tmp_path / "two" / "a.wav"]
    with pytest.raises(UsageError):
        places_beside(files, files, Path("out"), ".srt")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "labels"
    with pytest.raises(UsageError):
        check_places({tmp_path / "a.wav": folder / "a.srt"}, folder, may_overwrite=False)
