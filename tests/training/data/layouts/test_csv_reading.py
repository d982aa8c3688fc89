"""CSV text is read as spreadsheets write it, with the numbers of its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from training.data.layouts.csv_reading import read_cells

ROWS = [["path", "label"], ["a.wav", "dog"], ["Vögel.wav", "rain"]]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.wav,dog\nVögel.wav,rain\n",
        "path, label\r\na.wav, dog\r\nVögel.wav, rain",
        "\ufeffpath;label\na.wav;dog\nVögel.wav;rain\n",
        "path\tlabel\na.wav\tdog\nVögel.wav\train\n",
        "sep=;\r\npath;label\r\na.wav;dog\r\nVögel.wav;rain\r\n",
        "\ufeffSEP=;\npath;label\na.wav;dog\nVögel.wav;rain\n",
        'sep=,\n"path","label"\na.wav,dog\nVögel.wav,rain\n',
        '"sep=;"\npath;label\na.wav;dog\nVögel.wav;rain\n',
        "sep=|\npath|label\na.wav|dog\nVögel.wav|rain\n",
        "path,label\n\na.wav,dog\n , \n,\nVögel.wav,rain\n\n",
    ],
)
def test_rows_are_those_that_were_written(tmp_path: Path, text: str) -> None:
    assert [cells for _, cells in read_cells(written(tmp_path, text))] == ROWS


def test_empty_columns_beside_a_row_stay_and_rows_of_empty_cells_go(tmp_path: Path) -> None:
    path = written(tmp_path, "path;label;;\na.wav;dog;;\n;;;\n")
    assert list(read_cells(path)) == [(1, ["path", "label", "", ""]), (2, ["a.wav", "dog", "", ""])]


def test_line_numbers_count_the_line_of_the_separator_and_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "sep=;\npath;label\n\na.wav;dog\n")
    assert list(read_cells(path)) == [(2, ["path", "label"]), (4, ["a.wav", "dog"])]


def test_a_separator_in_quotes_belongs_to_its_cell(tmp_path: Path) -> None:
    path = written(tmp_path, 'path,label\na.wav,"dog,rain"\n"b""c.wav",x\n')
    assert [cells for _, cells in read_cells(path)][1:] == [["a.wav", "dog,rain"], ['b"c.wav', "x"]]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert list(read_cells(written(tmp_path, ""))) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [("path;label\nVögel.wav;dog\n".encode("latin-1"), "UTF-8"), (b"path,label\n" + b"x" * 200_000 + b",dog\n", "CSV")],
    ids=["Latin-1", "a cell without end"],
)
def test_what_is_no_such_text_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says) as refused:
        list(read_cells(written(tmp_path, content)))
    assert "list.csv" in refused.value.problem


def test_a_file_that_is_gone_is_refused_as_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_cells(tmp_path / "list.csv"))
