"""Labels of people and of other programs: what is usable is used, the rest is listed by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.event_files.main import read_labels
from core.event_files.models import LabelFile


def read(folder: Path, *lines: str, name: str = "labels.txt") -> LabelFile:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_labels(folder / name)


def rows(found: LabelFile) -> list[tuple[str, float, float]]:
    return [(span.label, span.onset_s, span.offset_s) for span in found.spans]


def test_audacity_labels_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "5.0\t6.0\tlast",
        "1.0\t3.0\tfirst",
        "2.0\t2.5\toverlapping",
        "4.0\t3.0\tbackwards",
        "-2.0\t-1.0\tbefore the sound",
        "-0.5\t0.5\tpartly before it",
        "7.0\t8.0",
        "",
        "nan\t9.0\tno time",
        "once upon a time",
        "8,5\t9,5\tcomma",
    )

    assert found.format == "audacity"
    expected = [("partly before it", 0, 0.5), ("first", 1, 3), ("overlapping", 2, 2.5), ("last", 5, 6)]
    assert rows(found) == [*expected, ("comma", 8.5, 9.5)]
    assert [problem.line for problem in found.problems] == [4, 5, 6, 7, 9, 10]


def test_audacity_frequencies_belong_to_the_label_above(tmp_path: Path) -> None:
    found = read(tmp_path, "1\t2\tDog", "\\\t100.0\t-1.000000", "3\t4\tCat", "\\\t500\t200", "\\", "5\t6\tOwl")

    assert [(span.low_hz, span.high_hz) for span in found.spans] == [(100, None), (None, None), (None, None)]
    assert [problem.line for problem in found.problems] == [4, 5]


def test_a_raven_table_of_several_files_and_two_views_is_read(tmp_path: Path) -> None:
    header = (
        *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
        *("Begin File", "File Offset (s)", "Species"),
    )
    found = read(
        tmp_path,
        "\t".join(header),
        "1\tWaveform 1\t1\t1.0\t2.0\t0\t8000\ta.wav\t1.0\tEATO",
        "1\tSpectrogram 1\t1\t1.0\t2.0\t0\t8000\ta.wav\t1.0\tEATO",
        "2\tSpectrogram 1\t1\t61.5\t62.0\t0\t8000\tb.wav\t1.5\tNOCA",
        "3\tSpectrogram 1\t1\t70\tsoon\t0\t8000\tb.wav\t10\tNOCA",
    )

    assert found.format == "raven"
    assert [(span.source, span.source_start_s) for span in found.spans] == [("a.wav", 0), ("b.wav", 60)]
    assert rows(found) == [("EATO", 1, 2), ("NOCA", 1.5, 2)]
    assert [problem.line for problem in found.problems] == [5]


def test_a_raven_table_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="label"):
        read(tmp_path, "Selection\tBegin Time (s)\tEnd Time (s)", "1\t0\t1")


@pytest.mark.parametrize(
    "lines",
    [
        ("label,onset_s,offset_s", "Dog,1,2"),
        ("Start (s),End (s),Scientific name,Common name,Confidence", "1.0,2.0,Canis familiaris,Dog,0.75"),
        ("start;end;label", "1,0;2,0;Dog"),
        ("sep=;", "start;end;label", "1,0;2,0;Dog"),
        ("Onset\tDuration\tEvent label", "1\t1\tDog"),
        ("source,id,label,onset_s,offset_s,peak_p,at_s,name", "a.wav,1,/m/0bt9lr,1.0,2.0,0.75,3.0,Dog"),
        ('{"type": "note", "note": "x"}', '{"type": "event", "label": "Dog", "onset_s": 1, "offset_s": 2, "id": 7}'),
        ('{"type": "event", "state": "started", "label": "Dog"}', '{"label": "Dog", "start": 1, "duration": 1}'),
    ],
)
def test_tables_of_other_programs_are_read(tmp_path: Path, lines: tuple[str, ...]) -> None:
    found = read(tmp_path, *lines)

    assert rows(found) == [("Dog", 1, 2)]
    assert found.problems == ()


def test_rows_of_a_table_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "onset_s,offset_s,label,peak_p,onset_at",
        "1,2,Dog,0.5,2026-11-30T15:45:18Z",
        "1,,Dog,,",
        ",2,Dog,,",
        '1,2,"a label',
        'on two lines",,',
        "3,4,Cat,150,",
        "3,4,Cat,,yesterday",
        "3,4",
        "5,6,Cat,,",
    )

    assert rows(found) == [("Dog", 1, 2), ("a label\non two lines", 1, 2), ("Cat", 5, 6)]
    assert [problem.line for problem in found.problems] == [3, 4, 7, 8, 9]
    assert found.spans[0].onset_at == 1796053518.0


def test_lines_of_json_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    found = read(tmp_path, '{"label": "Dog", "onset_s": 1, "offset_s": 2}', "{", "[1]", "", '{"label": "Cat"}')
    assert rows(found) == [("Dog", 1, 2)]
    assert [problem.line for problem in found.problems] == [2, 3, 5]


def test_captions_are_read_as_players_do(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "WEBVTT - sounds",
        "Kind: captions",
        "",
        "NOTE 00:00.000 --> 00:01.000",
        "is a note",
        "",
        "STYLE",
        "::cue { color: red }",
        "",
        "first",
        "00:01.000 --> 00:02.500 align:start",
        "<v Roger>Dog &amp; cat</v>",
        "on a <i>roof</i>",
        "",
        "01:00:03.000 --> 01:00:02.000",
        "backwards",
        "",
        "00:05.000 --> soon",
        "no time",
    )

    assert found.format == "vtt"
    assert rows(found) == [("Dog & cat on a roof", 1, 2.5)]
    assert [problem.line for problem in found.problems] == [15, 18]


def test_subtitles_are_read_as_players_do(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "1",
        "00:00:01,000 --> 00:00:02,000",
        "<i>Dog</i> {\\an8}barks",
        "2",
        "00:00:03.5 --> 00:00:04.5",
        "Cat",
        "",
        "3",
        "00:00:05,000 --> 00:00:06,000",
        "",
    )

    assert found.format == "srt"
    assert rows(found) == [("Dog barks", 1, 2), ("Cat", 3.5, 4.5)]
    assert [problem.line for problem in found.problems] == [9]


def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match="Parquet"):
        read_labels(tmp_path / "a.parquet")
