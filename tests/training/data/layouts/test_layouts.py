"""Every layout recognises itself, and says in words what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UserError
from training.data.layouts import LAYOUTS, read_layout
from training.data.layouts.class_folders import source_name
from training.data.manifest import read_manifest


def touch(folder: Path, *names: str) -> Path:
    """Empty files: layouts open no audio."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def class_folders(folder: Path) -> Path:
    return touch(folder, *(f"{word}/{i}.wav" for word in ("dog", "rain") for i in range(10)), "rain/notes.txt")


def manifest_csv(folder: Path) -> Path:
    touch(folder, "audio/a.wav", "audio/b.wav", "audio/c.wav")
    rows = ["audio/a.wav,rain,1,g1,CC0", "audio/b.wav,dog;rain,2,g2,CC0", "audio/c.wav,,1,g3,CC BY"]
    write(folder, "manifest.csv", "path,label,fold_or_split,group,licence", *rows)
    return folder


def any_csv(folder: Path) -> Path:
    touch(folder, *(f"sounds/{i}.wav" for i in range(10)))
    rows = [f'sounds/{i}.wav,"dog,rain",{"kitchen" if i < 5 else i}' for i in range(10)]
    return write(folder, "list.csv", "file,labels,source", *rows)


def esc50(folder: Path) -> Path:
    touch(folder, "audio/1-1-A-0.wav", "audio/2-7-A-1.wav")
    rows = ["1-1-A-0.wav,1,0,dog,True,1,A", "2-7-A-1.wav,2,1,rain,True,7,A"]
    write(folder, "meta/esc50.csv", "filename,fold,target,category,esc10,src_file,take", *rows)
    return folder


def speech_commands(folder: Path) -> Path:
    touch(folder, *(f"{word}/{who}_nohash_0.wav" for word in ("bed", "yes") for who in ("00aa", "11bb", "22cc")))
    touch(folder, "_background_noise_/pink_noise.wav")
    write(folder, "validation_list.txt", "bed/11bb_nohash_0.wav", "yes/11bb_nohash_0.wav")
    write(folder, "testing_list.txt", "bed/22cc_nohash_0.wav", "yes/22cc_nohash_0.wav")
    return folder


AUDIOSET_LABELS = (
    "index,mid,display_name",
    '0,/m/09x0r,"Speech"',
    '1,/m/0ytgt,"Child speech, kid speaking"',
    "2,/m/x,Zing",
)


def audioset(folder: Path) -> Path:
    write(folder, "class_labels_indices.csv", *AUDIOSET_LABELS)
    head = ("# Segments csv created Sun Mar  5 10:54:31 2017", "# num_ytids=3", "# YTID, start_seconds, end_seconds, x")
    lines = ['--aaaaaaaaa, 30.000, 40.000, "/m/09x0r,/m/0ytgt"', 'Ybbbbbbbbbb, 5.000, 15.000, "/m/09x0r"']
    write(folder, "balanced_train_segments.csv", *head, *lines, 'ccccccccccc, 0.000, 10.000, "/m/09x0r"')
    write(folder, "eval_segments.csv", *head, 'dddddddd_dd, 0.000, 10.000, "/m/x"')
    touch(folder, "audio/--aaaaaaaaa_30.000_40.000.wav", "balanced_train/Ybbbbbbbbbb.flac", "eval/Ydddddddd_dd_0.wav")
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "class folders": class_folders,
    "manifest.csv": manifest_csv,
    "CSV list": any_csv,
    "ESC-50": esc50,
    "Speech Commands": speech_commands,
    "AudioSet": audioset,
}


@pytest.mark.parametrize("layout", MAKERS)
def test_every_layout_recognises_itself_and_nothing_else_does_before_it(layout: str, tmp_path: Path) -> None:
    path = MAKERS[layout](tmp_path)
    assert len(LAYOUTS) == len(MAKERS)
    assert read_layout(path).layout == layout
    manifest = read_manifest(path)
    assert manifest.layout == layout
    assert all(clip.path.is_file() for clip in manifest.clips)


def test_class_folders_are_dealt_to_folds_evenly(tmp_path: Path) -> None:
    manifest = read_manifest(class_folders(tmp_path))
    assert [label.id for label in manifest.labels] == ["dog", "rain"]
    for fold in "12345":
        assert sorted(clip.labels for clip in manifest.split((fold,)).test) == [(0,), (0,), (1,), (1,)]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("street_1", "street"),
        ("street 12b", "street"),
        ("street-a", "street"),
        ("street (2)", "street"),
        ("street copy", "street"),
        ("street - take 3", "street"),
        ("1-100032-A-0", "1-100032-A"),
        ("17", "17"),
        ("siren2000", "siren2000"),
        ("_1", "_1"),
    ],
)
def test_a_take_is_taken_off_a_name(stem: str, name: str) -> None:
    assert source_name(stem) == name


def test_takes_of_one_recording_stay_together_in_whichever_class_they_lie(tmp_path: Path) -> None:
    touch(tmp_path, "car/street_1.wav", "car/street_2.wav", "car/yard.wav", "siren/street_3.wav", "siren/yard.wav")
    touch(tmp_path, *(f"dog/dog_{i}.wav" for i in range(5)), *(f"owl/night-{i}.wav" for i in range(5)))
    clips = {f"{clip.path.parent.name}/{clip.path.stem}": clip for clip in read_manifest(tmp_path).clips}
    assert len({clips[name].group for name in ("car/street_1", "car/street_2", "siren/street_3")}) == 1
    assert len({clips[name].fold for name in ("car/street_1", "car/street_2", "siren/street_3")}) == 1
    assert clips["car/yard"].group != clips["siren/yard"].group
    assert {clips[f"dog/dog_{i}"].fold for i in range(5)} == set("12345"), "numbered like its class: five recordings"
    assert {clips[f"owl/night-{i}"].fold for i in range(5)} == set("12345"), "all alike: five recordings"


def test_a_manifest_may_give_several_labels_or_none(tmp_path: Path) -> None:
    manifest = read_manifest(manifest_csv(tmp_path))
    assert [label.id for label in manifest.labels] == ["dog", "rain"]
    assert [clip.labels for clip in manifest.clips] == [(1,), (0, 1), ()]
    assert [(clip.fold, clip.group) for clip in manifest.clips] == [("1", "g1"), ("2", "g2"), ("1", "g3")]
    assert manifest.licences == (("CC0", 2), ("CC BY", 1))


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ('"dog,rain"', ["dog", "rain"]),
        ("dog;rain;dog", ["dog", "rain"]),
        ("dog | rain", ["dog", "rain"]),
        ('"Child speech, kid speaking;rain"', ["Child speech, kid speaking", "rain"]),
    ],
)
def test_labels_of_a_csv_list(tmp_path: Path, cell: str, labels: list[str]) -> None:
    touch(tmp_path, "a.wav")
    manifest = read_manifest(write(tmp_path, "list.csv", "Path,Labels,split", f"a.wav,{cell},train"))
    assert [manifest.labels[i].id for i in manifest.clips[0].labels] == labels
    assert manifest.clips[0].fold == "train"
    assert manifest.name == "list"


def test_a_csv_list_without_folds_keeps_its_groups_together(tmp_path: Path) -> None:
    clips = read_manifest(any_csv(tmp_path)).clips
    assert len({clip.fold for clip in clips if clip.group == "kitchen"}) == 1
    assert {clip.fold for clip in clips} == set("12345")


def test_lists_as_spreadsheets_write_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "Vögel.wav")
    text = "path;class\na.wav;dog\nVögel.wav;rain\n"
    for encoded in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace(";", "\t").encode()):
        (tmp_path / "list.csv").write_bytes(encoded)
        assert len(read_manifest(tmp_path / "list.csv").clips) == 2
    (tmp_path / "list.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_manifest(tmp_path / "list.csv")


def test_esc50_as_published(tmp_path: Path) -> None:
    clips = read_manifest(esc50(tmp_path)).clips
    assert [(clip.path.name, clip.fold, clip.group) for clip in clips] == [
        ("1-1-A-0.wav", "1", "1"),
        ("2-7-A-1.wav", "2", "7"),
    ]


def test_speech_commands_as_published(tmp_path: Path) -> None:
    manifest = read_manifest(speech_commands(tmp_path))
    assert [label.id for label in manifest.labels] == ["bed", "yes"]
    split = manifest.split(("testing",), ("validation",))
    sides = (split.train, split.validation, split.test)
    assert [{clip.group for clip in side} for side in sides] == [{"00aa"}, {"11bb"}, {"22cc"}]
    with pytest.raises(UserError, match="folds testing, training, validation"):
        manifest.split(("5",))
    (tmp_path / "bed/22cc_nohash_0.wav").unlink()
    with pytest.raises(UserError, match=r"1 of 6 clips are missing \(22cc_nohash_0.wav\)"):
        read_manifest(tmp_path)


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
    write(tmp_path, "class_labels_indices.csv", *AUDIOSET_LABELS)
    touch(tmp_path, "wavs/--aaaaaaaaa.flac", "wavs/bbbbbbbbbbb.flac")
    entries = {"train": "--aaaaaaaaa", "eval": "bbbbbbbbbbb"}
    for fold, name in entries.items():
        data = [{"wav": f"/their/disk/{name}.flac", "labels": "/m/x,/m/09x0r"}, {"wav": "/gone.flac", "labels": "/m/x"}]
        write(tmp_path, f"{fold}.json", json.dumps({"data": data}))
    write(tmp_path, "ontology.json", "[]")
    manifest = read_manifest(tmp_path)
    assert [(clip.group, clip.labels, clip.fold) for clip in manifest.clips] == [
        ("bbbbbbbbbbb", (2, 0), "eval"),
        ("--aaaaaaaaa", (2, 0), "train"),
    ]
    assert manifest.n_missing == 2


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("manifest.csv", ("file,class",), "no column path, label, fold_or_split"),
        ("manifest.csv", ("path,label,fold_or_split",), "lists no clip"),
        (
            "manifest.csv",
            ("path,label,fold_or_split", "a.wav,dog,1", "a.wav"),
            r"line 3 of manifest\.csv is incomplete",
        ),
        ("manifest.csv", ("path,label,fold_or_split", "a.wav,dog,1", "b.wav,dog,1", "c.wav,dog,1"), "2 of 3 clips are"),
        ("validation_list.txt", (), "neither a manifest"),
        ("class_labels_indices.csv", AUDIOSET_LABELS, "no list of clips"),
        ("class_labels_indices.csv", (*AUDIOSET_LABELS, "3,/m/y"), "line 5 of class_labels_indices.csv is incomplete"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, lines: tuple[str, ...], says: str) -> None:
    touch(tmp_path, "a.wav")
    write(tmp_path, name, *lines)
    with pytest.raises(UserError, match=says):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('aaaaaaaaaaa, 1.000, 2.000, "/m/nothing"', "line 1 of eval_segments.csv has the label /m/nothing"),
        ("aaaaaaaaaaa, 1.000", "line 1 of eval_segments.csv is no segment"),
        ('aaaaaaaaaaa, 1.000, 2.000, "/m/x"', "None of the 1 listed clips"),
    ],
)
def test_wrong_audioset_lists_are_refused(tmp_path: Path, line: str, says: str) -> None:
    write(tmp_path, "class_labels_indices.csv", *AUDIOSET_LABELS)
    write(tmp_path, "eval_segments.csv", line)
    with pytest.raises(UserError, match=says):
        read_manifest(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no data folder"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no data folder"):
        read_manifest(tmp_path / "nowhere", "starter")
