"""The label lists are those that the released models were trained with; other lists are read or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.labels import LabelSet
from core.model.checkpoints.known_data_sets import (
    KNOWN_DATA_SETS,
    audioset_labels,
    read_label_file,
    unnamed_labels,
    with_audioset_parents,
)
from core.model.checkpoints.published import PUBLISHED_MODELS, find_published


def test_audioset_is_googles_list() -> None:
    labels = audioset_labels()
    assert len(labels) == 527
    assert (labels[0].id, labels[0].name) == ("/m/09x0r", "Speech")
    assert (labels[1].name, labels[500].name) == ("Male speech, man speaking", "Silence")
    assert (labels[526].id, labels[526].name) == ("/m/07hvw1", "Field recording")


@pytest.mark.parametrize("data_set", KNOWN_DATA_SETS, ids=lambda data_set: data_set.name)
def test_every_data_set_has_its_labels(data_set) -> None:
    assert len(data_set.labels()) == data_set.n_labels


def test_orders_are_those_of_the_releases() -> None:
    esc50, speech = (data_set.labels() for data_set in KNOWN_DATA_SETS[1:])
    assert [esc50[i].id for i in (0, 10, 20, 30, 40, 49)] == [
        "dog", "rain", "crying_baby", "door_wood_knock", "helicopter", "hand_saw",
    ]  # fmt: skip
    assert [speech[i].id for i in (0, 9, 20, 34)] == ["backward", "tree", "four", "one"]


def test_a_label_file_is_read_in_the_order_of_its_indices(tmp_path: Path) -> None:
    file = tmp_path / "class_labels_indices.csv"
    file.write_text('index,mid,display_name\n1,/m/07rwj01,"crying_baby"\n0,/m/09x0r,"Speech"\n', encoding="utf-8-sig")
    labels = read_label_file(file)
    assert [(label.id, label.name) for label in labels] == [("/m/09x0r", "Speech"), ("crying_baby", "Crying baby")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("index,mid,display_name\n", "from 0"),
        ("", "from 0"),
        ("index,mid,display_name\n0,/m/1,a\n2,/m/2,b\n", "from 0"),
        ("index,mid,display_name\n0,/m/1\n", "labels.csv is not a list"),
        ("index,mid,display_name\nzero,/m/1,a\n", "labels.csv is not a list"),
        ("index,mid,display_name\n0,/m/1,a\n1,/m/2,a\n", "occur twice"),
    ],
)
def test_a_wrong_label_file_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=says):
        read_label_file(tmp_path / "labels.csv")


def test_a_label_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"labels.csv is not a list"):
        read_label_file(tmp_path / "labels.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_label_file(tmp_path / "nothing.csv")


def test_unnamed_labels_are_counted() -> None:
    assert unnamed_labels(2).names == ("Class 0", "Class 1")


def test_the_published_table_holds_nine_models_of_their_own_names() -> None:
    assert len({row.name for row in PUBLISHED_MODELS}) == len({row.file for row in PUBLISHED_MODELS}) == 9
    assert len({row.repository for row in PUBLISHED_MODELS}) == 9
    for row in PUBLISHED_MODELS:
        assert find_published(row.name) is row
        assert row.licence == "BSD-3-Clause"
        assert row.metric in ("mAP", "accuracy")
        assert abs(row.score - float(row.name.rpartition("-")[2])) < 0.001
        assert f"{row.strides[0]}_{row.strides[1]}" in row.file
    with pytest.raises(UserError, match="no published model 'x'"):
        find_published("x")


def test_audioset_labels_know_their_parents() -> None:
    labels = audioset_labels()
    by_name = {label.name: label for label in labels}
    dog = by_name["Dog"]
    assert [parent.name for parent in labels if parent.id in dog.parents] == ["Domestic animals, pets"]
    assert by_name["Speech"].parents == (), "what stands above it in the ontology is no label"
    assert len(by_name["Hiss"].parents) == 4, "a cat's, a snake's, steam, or none of the labels'"
    assert sum(bool(label.parents) for label in labels) == 401


def test_labels_with_audiosets_ids_get_its_parents_as_far_as_they_are_labels() -> None:
    by_name = {label.name: label.id for label in audioset_labels()}
    ids = [by_name["Bark"], "our_own", by_name["Animal"]]
    assert [label.parents for label in with_audioset_parents(LabelSet.from_ids(ids))] == [(ids[2],), (), ()]
    flat = LabelSet.from_ids(["dog", "animal"])
    assert with_audioset_parents(flat) == flat
