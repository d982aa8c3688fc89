"""Lists and folders that other programs and computers wrote are read as they were meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from tests.training.data_check.recordings import take, write
from training.data.clip_frames import load_clips
from training.data.layouts import read_layout
from training.data.layouts.csv_reading import read_cells
from training.data.manifest import read_manifest
from training.data_check.data_check import check_data

NFC, NFD = (unicodedata.normalize(form, "Vögel/für/ä.wav") for form in ("NFC", "NFD"))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def listing(folder: Path, text: str) -> Path:
    (folder / "list.csv").write_bytes(text.encode("utf-8"))
    return folder / "list.csv"


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\npath;label\r\na.wav;dog\r\nb.wav;rain\r\n",
        "\ufeffSEP=;\npath;label\na.wav;dog\nb.wav;rain\n",
        'sep=,\n"path","label"\na.wav,dog\nb.wav,rain\n',
        '"sep=;"\npath;label\na.wav;dog\nb.wav;rain\n',
        "sep=|\npath|label\na.wav|dog\nb.wav|rain\n",
        "path;label;;;\na.wav;dog;;;\nb.wav;rain;;;\n;;;;\n",
        "path,label,,\na.wav,dog,,\n,,,\nb.wav,rain\n , ,,\n",
    ],
)
def test_what_excel_writes(tmp_path: Path, text: str) -> None:
    touch(tmp_path, "a.wav", "b.wav")
    manifest = read_manifest(listing(tmp_path, text))
    assert [(clip.path.name, manifest.labels[clip.labels[0]].id) for clip in manifest.clips] == [
        ("a.wav", "dog"),
        ("b.wav", "rain"),
    ]


def test_line_numbers_count_the_line_of_the_separator(tmp_path: Path) -> None:
    path = listing(tmp_path, "sep=;\npath;label\na.wav;dog\n")
    assert list(read_cells(path)) == [(2, ["path", "label"]), (3, ["a.wav", "dog"])]


def test_backslashes_are_tried_as_separators_and_told(tmp_path: Path) -> None:
    for i, name in enumerate(("dogs/a.wav", "dogs/b.wav", "rain/c.wav", "d.wav")):
        write(tmp_path / name, take(i, 0.6))
    path = listing(tmp_path, "path,label\ndogs\\a.wav,dog\ndogs\\b.wav,dog\nrain\\c.wav,rain\nd.wav,rain\n")
    assert all(clip.path.is_file() for clip in read_manifest(path).clips)
    [note] = [one for one in check_data(path, "", (), lambda message: None).findings if one.kind == "note"]
    assert "backslashes of 3 clips" in note.text
    assert read_layout(listing(tmp_path, "path,label\ndogs/a.wav,dog\nd.wav,rain\n")).notes == ()
    with pytest.raises(UserError, match="1 of 2 clips are missing"):
        read_manifest(listing(tmp_path, "path,label\nno\\a.wav,dog\nd.wav,rain\n"))


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


@pytest.mark.parametrize("size", ["-1", "nan", "inf", "-inf", "plenty", ""])
def test_cache_sizes_that_are_none_are_refused(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDMARK_CACHE_GB", size)
    with pytest.raises(UserError, match="SOUNDMARK_CACHE_GB"):
        load_clips((), 1, LogMelConfig())


def test_files_of_other_endings_are_counted_in_one_line(tmp_path: Path) -> None:
    for k, name in enumerate(("dog", "rain")):
        for i in range(3):
            write(tmp_path / name / f"{chr(97 + i)}x.wav", take(10 * k + i, 0.6))
    touch(
        tmp_path, "dog/notes.txt", "rain/more.TXT", "rain/deep/b.xyz", "rain/README", "rain/.DS_Store", "rain/._a.wav"
    )
    [note] = [one for one in check_data(tmp_path, "", (), lambda message: None).findings if one.kind == "left_out"]
    assert note.severity == "note"
    assert note.text.startswith("4 other files")
    assert ".txt (2)" in note.text
    assert "no ending (1)" in note.text
