"""AudioSet lists, as released and as JSON, with clips that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.data.layouts.made_folders import AUDIOSET_LABELS, audioset, touch, write_lines
from training.data.manifest import read_manifest


def test_audioset_lists_with_clips_that_are_gone(tmp_path: Path) -> None:
    manifest = read_manifest(audioset(tmp_path))
    assert manifest.labels.names == ("Speech", "Child speech, kid speaking", "Zing")
    assert [(clip.group, clip.labels, clip.fold) for clip in manifest.clips] == [
        ("--aaaaaaaaa", (0, 1), "train"),
        ("Ybbbbbbbbbb", (0,), "train"),
        ("dddddddd_dd", (2,), "eval"),
    ]
    assert (manifest.n_missing, manifest.missing) == (1, ("ccccccccccc",))


def test_audioset_lists_as_the_reference_writes_them(tmp_path: Path) -> None:
    write_lines(tmp_path, "class_labels_indices.csv", *AUDIOSET_LABELS)
    touch(tmp_path, "wavs/--aaaaaaaaa.flac", "wavs/bbbbbbbbbbb.flac")
    entries = {"train": "--aaaaaaaaa", "eval": "bbbbbbbbbbb"}
    for fold, name in entries.items():
        data = [{"wav": f"/their/disk/{name}.flac", "labels": "/m/x,/m/09x0r"}, {"wav": "/gone.flac", "labels": "/m/x"}]
        write_lines(tmp_path, f"{fold}.json", json.dumps({"data": data}))
    write_lines(tmp_path, "ontology.json", "[]")
    manifest = read_manifest(tmp_path)
    assert [(clip.group, clip.labels, clip.fold) for clip in manifest.clips] == [
        ("bbbbbbbbbbb", (2, 0), "eval"),
        ("--aaaaaaaaa", (2, 0), "train"),
    ]
    assert manifest.n_missing == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('aaaaaaaaaaa, 1.000, 2.000, "/m/nothing"', "line 1 of eval_segments.csv has the label /m/nothing"),
        ("aaaaaaaaaaa, 1.000", "line 1 of eval_segments.csv"),
        ('aaaaaaaaaaa, 1.000, 2.000, "/m/x"', "None of the 1 listed clips"),
    ],
)
def test_wrong_audioset_lists_are_refused(tmp_path: Path, line: str, says: str) -> None:
    write_lines(tmp_path, "class_labels_indices.csv", *AUDIOSET_LABELS)
    write_lines(tmp_path, "eval_segments.csv", line)
    with pytest.raises(UserError, match=says):
        read_manifest(tmp_path)
