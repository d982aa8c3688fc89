"""Collections: labels mapped as written, folds as said, nothing lost in silence; the starter's on the real data."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from core.errors import UserError
from training.data.manifest import Manifest, read_manifest

DATA = Path(os.environ.get("SOUNDMARK_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
TOML = """
title = "Two sets"
[names]
hi_hat = "Hi-hat"
[sets.one]
labels = "as they are"
[sets.two]
folds = "by group"
leave_out = ["audio/5.wav"]
[sets.two.labels]
hat = "hi_hat"
storm = ["rain", "wind"]
room = ""
"""


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """Set one: dog and rain, one recording shared with set two; set two: three speakers, one label not wanted."""
    write_set(tmp_path / "one", ["dog,1,77", "rain,2,78", "dog,3,kitchen"])
    write_set(
        tmp_path / "two", ["hat,train,77", "storm,train,ann", "storm,test,ann", "room,test,kitchen", "cat,1,", "hat,1,"]
    )
    (tmp_path / "mine.toml").write_text(TOML, encoding="utf-8")
    return tmp_path


def write_set(folder: Path, rows: list[str]) -> None:
    (folder / "audio").mkdir(parents=True)
    for i in range(len(rows)):
        (folder / f"audio/{i}.wav").touch()
    lines = [f"audio/{i}.wav,{row},CC0" for i, row in enumerate(rows)]
    (folder / "manifest.csv").write_text("\n".join(["path,label,fold_or_split,group,licence", *lines]) + "\n")


def read(folder: Path) -> Manifest:
    return read_manifest(folder, str(folder / "mine.toml"))


def test_labels_are_mapped_and_those_not_named_left_out(data_folder: Path) -> None:
    manifest = read(data_folder)
    assert manifest.name == "Two sets"
    assert [(label.id, label.name) for label in manifest.labels] == [
        ("dog", "Dog"),
        ("hi_hat", "Hi-hat"),
        ("rain", "Rain"),
        ("wind", "Wind"),
    ]
    of_two = [clip for clip in manifest.clips if clip.path.parts[-3] == "two"]
    assert [clip.labels for clip in of_two] == [(1,), (2, 3), (2, 3), ()]
    assert manifest.licences == (("two: CC0", 4), ("one: CC0", 3))


def test_a_number_is_one_recording_in_all_sets_and_a_name_is_not(data_folder: Path) -> None:
    assert Counter(clip.group for clip in read(data_folder).clips) == {
        "77": 2,
        "78": 1,
        "one/kitchen": 1,
        "two/ann": 2,
        "two/kitchen": 1,
    }


def test_folds_by_group_take_the_place_of_those_given(data_folder: Path) -> None:
    folds = {clip.group: clip.fold for clip in read(data_folder).clips if clip.path.parts[-3] == "two"}
    assert set(folds.values()) <= set("12345")
    ann = {clip.fold for clip in read(data_folder).clips if clip.group == "two/ann"}
    assert len(ann) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[sets.two]", "[sets.three]\n[sets.four]\n[sets.two]", "lacks 2 of the 4 sets of Two sets: three, four"),
        ('hat = "hi', 'cap = "hi', "The set two .*: cap"),
        ("audio/5.wav", "audio/9.wav", "The set two .*audio/9.wav"),
        ("by group", "by name", "set two .*'by name'"),
        ('["rain", "wind"]', "3", "set two .*labels"),
        ("leave_out", "skip", "set two .*: skip"),
        ("hi_hat = ", "hihat = ", "no clip has: hihat"),
        ("[names]", "[names", "not valid TOML"),
    ],
)
def test_a_wrong_collection_is_refused(data_folder: Path, old: str, new: str, says: str) -> None:
    (data_folder / "mine.toml").write_text(TOML.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        read(data_folder)


def test_an_unknown_collection_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no collection 'stater'\. Choose one of everyday, starter"):
        read_manifest(tmp_path, "stater")


@pytest.fixture(scope="module")
def starter() -> Manifest:
    if not (DATA / "ccsounds").is_dir():
        pytest.skip(f"no real recordings in {DATA} (SOUNDMARK_DATA names the folder of the sets)")
    return read_manifest(DATA, "starter")


def test_the_starter_has_the_fifty_speech_and_sixteen_more(starter: Manifest) -> None:
    counts = Counter(starter.labels[label].id for clip in starter.clips for label in clip.labels)
    print(counts.most_common())
    assert len(starter.labels) == 66
    assert sum(n >= 40 for n in counts.values()) >= 50
    assert counts["speech"] > 2000
    assert counts["crying_baby"] == 497
    assert min(counts.values()) >= 12
    assert any(not clip.labels for clip in starter.clips)
    assert not {clip.path.parts[-3] for clip in starter.clips} & {"esc10", "esc50_hq"}


@pytest.mark.parametrize("fold", "12345")
def test_no_recording_of_the_starter_is_on_two_sides(starter: Manifest, fold: str) -> None:
    split = starter.split((fold,), validation_share=0.1)
    sides = [{clip.group or str(clip.path) for clip in side} for side in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert split.n_left_out <= 3
    esc50 = [clip for clip in split.test if clip.path.parts[-3] == "esc50"]
    assert len(esc50) == 400
    assert 0.05 < len(split.validation) / (len(split.train) + len(split.validation)) < 0.15
