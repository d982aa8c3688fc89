"""Lists and folders that other programs and computers wrote are read as they were meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from training.data.layouts import read_layout

NFC, NFD = (unicodedata.normalize(form, "Vögel/für/ä.wav") for form in ("NFC", "NFD"))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def listing(folder: Path, text: str) -> Path:
    (folder / "list.csv").write_bytes(text.encode("utf-8"))
    return folder / "list.csv"


def test_a_backslash_in_a_name_is_that_name_where_there_is_such_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "a\\b.wav", "a/b.wav")
    [row] = read_layout(listing(tmp_path, "path,label\na\\b.wav,dog\n")).rows
    assert row.path == tmp_path / "a\\b.wav"


@pytest.mark.parametrize(("listed", "on_disk"), [(NFC, NFD), (NFD, NFC), (f"{NFD[:6]}{NFC[5:]}", NFC)])
def test_accents_stored_in_another_form_are_found(tmp_path: Path, listed: str, on_disk: str) -> None:
    touch(tmp_path, on_disk)
    for name in (listed, str(tmp_path / listed), listed.replace("/", "\\")):
        [row] = read_layout(listing(tmp_path, f"path,label\n{name},dog\n")).rows
        assert row.path.is_file(), ascii(name)
