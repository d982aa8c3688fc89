"""Recordings with label files beside them: each span is a clip, and what cannot be used is listed by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.event_files.main import FORMATS, write_events
from core.event_files.models import LabelledSpan
from fakes import write_noise
from tests.training.data.layouts.made_folders import class_folders, touch, write_lines
from training.data.layouts import read_layout
from training.data.layouts.clip_parts import Part
from training.data.layouts.label_files import read_label_files


def parts(folder: Path) -> list[tuple[str, tuple[str, ...], Part]]:
    listing = read_label_files(folder)
    assert listing is not None
    return [(row.path.name, row.labels, row.part) for row in listing.rows]


@pytest.mark.parametrize(
    "name", ["a.txt", "a.wav.txt", "a.csv", "a.vtt", "a.srt", "a.jsonl", "a.parquet", "a.selections.txt", "A.TXT"]
)
def test_label_files_of_every_format_are_read(tmp_path: Path, name: str) -> None:
    touch(tmp_path, f"{name[0]}.wav")
    kind = next(kind for kind, entry in FORMATS.items() if name.lower().endswith(entry.suffix))
    kind = "raven" if "selections" in name else kind
    write_events(kind, [LabelledSpan("dog", 0.5, 1.5), LabelledSpan("rain", 2.0, 4.25)], tmp_path / name)

    found = parts(tmp_path)

    recording = f"{name[0]}.wav"
    assert found == [(recording, ("dog",), Part(0.5, 1.5)), (recording, ("rain",), Part(2.0, 4.25))]


def test_the_clips_of_one_recording_are_one_group_in_one_fold(tmp_path: Path) -> None:
    touch(tmp_path, "deep/a.wav", "deep/b.wav")
    for name in "ab":
        write_lines(tmp_path, f"deep/{name}.txt", "0\t1\tdog", "2\t3\tdog", "4\t5\train")

    listing = read_label_files(tmp_path)

    assert listing is not None
    assert len(listing.rows) == 6
    assert len({(row.path, row.group, row.fold) for row in listing.rows}) == 2
    assert all(row.fold for row in listing.rows)


def test_a_clip_has_what_sounds_for_half_of_it_and_nobody_knows_about_less(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    write_lines(tmp_path, "a.txt", "0\t60\train", "10\t12\tdog; bark", "11.5\t15.5\tspeech", "100\t101\train")

    listing = read_label_files(tmp_path)

    assert listing is not None
    assert [(row.labels, row.unknown) for row in listing.rows] == [
        (("rain",), ("dog", "bark", "speech")),
        (("dog", "bark", "rain"), ("speech",)),
        (("speech", "rain"), ("dog", "bark")),
        (("rain",), ()),
    ]


def test_a_raven_table_of_several_recordings_names_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "b.wav", "c.wav")
    spans = [
        LabelledSpan("dog", 0.5, 1.5, source="a.wav"),
        LabelledSpan("rain", 2.0, 3.0, source="far/b.wav", source_start_s=60.0),
        LabelledSpan("rain", 2.0, 3.0, source="elsewhere.wav", source_start_s=120.0),
    ]
    write_events("raven", spans, tmp_path / "all.selections.txt")

    assert parts(tmp_path) == [("a.wav", ("dog",), Part(0.5, 1.5)), ("b.wav", ("rain",), Part(2.0, 3.0))]
    listing = read_label_files(tmp_path)
    assert listing is not None
    assert [(note.severity, "line 4" in note.text) for note in listing.notes] == [("warning", True), ("note", False)]


def test_what_cannot_be_used_is_listed_by_line(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "b.wav", "c.wav")
    write_lines(tmp_path, "a.txt", "0\t1\tdog", "5\t4\tdog", "2\t2\tdog", "-1\t0.5\tdog", "noon\t9\tdog")
    write_lines(tmp_path, "b.txt", "A dog barks, and then it rains.")

    listing = read_label_files(tmp_path)

    assert listing is not None
    assert [row.part for row in listing.rows] == [Part(0.0, 1.0), Part(0.0, 0.5)]
    of_a, of_b, bare = listing.notes
    assert [f"line {line}:" in of_a.text for line in range(1, 6)] == [False, True, True, True, True]
    assert of_a.paths == (str(tmp_path / "a.txt"),)
    assert (of_a.severity, of_b.severity, bare.severity) == ("warning", "warning", "note")
    assert "b.txt" in of_b.text
    assert bare.text.startswith("2 ")


def test_labels_beyond_the_end_of_the_sound_are_listed(tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 5.0)
    write_lines(tmp_path, "a.txt", "1\t2\tdog", "4\t5.05\tdog", "4.5\t9\tdog", "5\t6\tdog", "99\t100\tdog")

    listing = read_label_files(tmp_path)

    assert listing is not None
    assert [row.part for row in listing.rows] == [Part(1, 2), Part(4, 5.05), Part(4.5, 9)]
    [note] = listing.notes
    assert [f"line {line}:" in note.text for line in range(1, 6)] == [False, False, True, True, True]


def test_one_label_file_of_a_recording_is_read_and_the_others_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    write_lines(tmp_path, "a.txt", "0\t1\tdog")
    write_lines(tmp_path, "a.srt", "1", "00:00:00,000 --> 00:00:01,000", "cat")

    listing = read_label_files(tmp_path)

    assert listing is not None
    assert [row.labels for row in listing.rows] == [("dog",)]
    assert [note.kind for note in listing.notes] == ["left_out"]


def test_class_folders_with_some_label_files_stay_class_folders(tmp_path: Path) -> None:
    class_folders(tmp_path)
    write_lines(tmp_path, "dog/0.txt", "0\t1\tdog")
    assert read_layout(tmp_path).layout == "class folders"


def test_class_folders_with_texts_that_are_no_labels_stay_class_folders(tmp_path: Path) -> None:
    class_folders(tmp_path)
    for word in ("dog", "rain"):
        for i in range(10):
            write_lines(tmp_path, f"{word}/{i}.txt", "A dog barks in the rain.")
    assert read_layout(tmp_path).layout == "class folders"


def test_a_folder_of_recordings_of_which_some_are_labelled_is_read(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{i}.wav" for i in range(20)))
    write_lines(tmp_path, "3.txt", "0\t1\tdog")
    listing = read_layout(tmp_path)
    assert listing.layout == "label files"
    assert "19 recordings" in listing.notes[0].text
