"""Text is read in whatever encoding a program wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.event_files.main import read_labels
from core.event_files.text_encoding import numbered_lines

TEXT = "0.5\t1.5\tBärlauch\n2\t3\tÄpfel\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_labels_are_read_in_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(TEXT.replace("\n", end).encode(encoding))

    assert [span.label for span in read_labels(path).spans] == ["Bärlauch", "Äpfel"]


def test_quotes_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("0\t1\t„laut“ – 5 €".encode("cp1252"))
    assert read_labels(path).spans[0].label == "„laut“ – 5 €"


def test_lines_are_counted_from_one_and_split_at_their_ends_only(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("a\n\nb\u2028c\x0cd\n", encoding="utf-8", newline="")
    assert list(numbered_lines(path)) == [(1, "a"), (2, ""), (3, "b\u2028c\x0cd")]
