"""Files of labels are told from files to tag, and find the sound that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.files.search import belongs_to, search, stamp_of
from app.runtime.core_api import FoundMedia


def _media(paths: Sequence[Path]) -> FoundMedia:
    return FoundMedia(tuple(paths))


def test_labels_are_read_and_everything_else_is_searched(tmp_path: Path) -> None:
    sound, labels, broken = tmp_path / "a.wav", tmp_path / "a.txt", tmp_path / "b.txt"
    sound.write_bytes(b"12345")
    labels.write_text("1.0\t2.0\tDog\n")
    broken.write_text("")
    found = search([sound, labels, broken, tmp_path], _media)
    assert found.media.files == (sound, tmp_path)
    assert found.stamps[sound] == (5, sound.stat().st_mtime_ns)
    assert [span.label for file in found.labels for span in file.spans] == ["Dog"]
    assert ["b.txt" in problem.problem for problem in found.label_problems] == [True]


def test_a_file_that_is_gone_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "gone.wav") == (0, 0)


@pytest.mark.parametrize(
    ("labels", "is_so"),
    [("a.txt", True), ("a.wav.csv", True), ("a.Table.1.selections.txt", True), ("ab.txt", False), ("b/a.txt", False)],
)
def test_labels_belong_to_the_sound_of_their_name_beside_them(labels: str, is_so: bool) -> None:
    assert belongs_to(Path("/sounds") / labels, Path("/sounds/a.wav")) is is_so
