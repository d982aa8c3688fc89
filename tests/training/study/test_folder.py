"""The folder of a study: it records its data and identifies its clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError, UserError
from tests.training.study.study_bench import Bench, clips_in
from training.study.folder import identities


def test_the_data_are_remembered_and_stay_the_same(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No training data"):
        bench.run(data=None)
    bench.run()
    assert bench.run(data=None) == 0
    with pytest.raises(UserError, match="other data"):
        bench.run(data=tmp_path / "elsewhere")


@pytest.mark.parametrize("content", ["", '{"da', "[]", '{"data": 1}'])
def test_a_damaged_note_of_the_data_is_told_in_words(bench: Bench, content: str) -> None:
    bench.out.mkdir()
    (bench.out / "study.json").write_text(content)
    with pytest.raises(UserError, match=r"study\.json is damaged"):
        bench.run()
    (bench.out / "study.json").unlink()
    assert bench.run() == 0


def test_clips_are_known_by_names_labels_and_folds(tmp_path: Path) -> None:
    folder = clips_in(tmp_path / "barks", "a.wav", "b.wav")
    plain = identities(folder)("")
    assert plain
    assert identities(folder / "manifest.csv")("") == plain
    listing = (folder / "manifest.csv").read_text()
    for old, new in (("b.wav,dog,1", "b.wav,dog,2"), ("b.wav,dog", "b.wav,cat"), ("dog", "cat"), ("b.wav,dog,1\n", "")):
        (folder / "manifest.csv").write_text(listing.replace(old, new))
        assert identities(folder)("") not in ("", plain)
    assert identities(None)("") == identities(tmp_path / "nowhere")("") == ""
