"""Collections under AudioSet's names: positives, what is unknown, splits, ranks and licences; everyday on real data."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from core.errors import UserError
from core.label_tree import label_tree
from core.model.checkpoints.known_data_sets import audioset_labels
from training.data.collection_file import load_collection
from training.data.manifest import LabelledClip, Manifest, read_manifest
from training.data.vocabulary import Vocabulary

DATA = Path(os.environ.get("SOUNDMARK_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
TOML = """
title = "House"
vocabulary = "audioset"
[names]
kettle = "Kettle"
[parents]
kettle = ["Steam"]
Mosquito = ["kettle", "Insect"]
[sets.plain]
licence = "CC BY-NC 3.0"
excludes_others = true
rest = "unknown"
[sets.plain.labels]
dog = ["Dog", "?Door"]
pot = "kettle"
breath = "Breathing"
snore = "Snoring"
room = ""
[sets.named]
labels = "audioset"
folds = "by split"
most_yamnet_rank = 60
[sets.pauses]
labels = "audioset"
folds = "by split"
groups_of = "named"
"""
PLAIN = ["dog,1", "pot,2", "breath,1", "snore,3", "room,1", "secret,2"]
NAMED = [
    "x,train,ann,Speech,3",
    "x,train,ben,Speech|Conversation,61",
    "x,test,cid,Speech|Conversation,400",
    'x,train,dot,"Hiss",5',
    "x,train,eve,,",
    "x,train,fox,Door,60",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "plain", "path,label,fold_or_split", PLAIN)
    write(tmp_path / "named", "path,label,fold_or_split,group,audioset,yamnet_rank", NAMED)
    write(tmp_path / "pauses", "path,label,fold_or_split,group,audioset", ["x,train,ann,Silence", "x,test,cid,Silence"])
    (tmp_path / "house.toml").write_text(TOML)
    return tmp_path


def write(folder: Path, header: str, rows: list[str]) -> None:
    folder.mkdir()
    for i in range(len(rows)):
        (folder / f"{i}.wav").touch()
    lines = [f"{i}.wav,{row},CC BY 4.0" for i, row in enumerate(rows)]
    (folder / "manifest.csv").write_text("\n".join([f"{header},licence", *lines]) + "\n")


def read(folder: Path, licences: tuple[str, ...] = (), changed: dict[str, str] | None = None) -> Manifest:
    text = TOML
    for old, new in (changed or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "house.toml").write_text(text)
    return read_manifest(folder, str(folder / "house.toml"), licences)


def words(manifest: Manifest, indices: tuple[int, ...]) -> set[str]:
    return {manifest.labels[index].name for index in indices}


def clip_of(manifest: Manifest, path: str) -> LabelledClip:
    [found] = [clip for clip in manifest.clips if clip.path.as_posix().endswith(f"/{path}")]
    return found


def test_labels_are_those_of_clips_and_what_they_imply_in_audiosets_order(folder: Path) -> None:
    assert [label.name for label in read(folder).labels] == [
        *("Speech", "Conversation", "Breathing", "Snoring", "Animal", "Domestic animals, pets", "Dog", "Hiss"),
        *("Water", "Steam", "Door", "Silence", "Kettle"),
    ]
    assert not read(folder).has_own_vocabulary


def test_all_of_audioset_has_the_other_labels_too(folder: Path) -> None:
    manifest = read(folder, changed={'"audioset"\n[names]': '"all of audioset"\n[names]'})
    assert len(manifest.labels) == 528
    assert [label.id for label in manifest.labels][:527] == [label.id for label in audioset_labels()]
    [mosquito] = [label for label in manifest.labels if label.name == "Mosquito"]
    assert mosquito.parents == ("kettle", "/m/03vt0"), "in place of AudioSet's"
    assert manifest.has_own_vocabulary, "labels without clips are no mistake"


@pytest.mark.parametrize(
    ("path", "present", "unknown"),
    [
        ("plain/0.wav", {"Dog", "Domestic animals, pets", "Animal"}, {"Door"}),
        ("plain/1.wav", {"Kettle", "Steam", "Water"}, set[str]()),
        ("plain/2.wav", {"Breathing"}, set[str]()),
        ("plain/3.wav", {"Snoring"}, {"Breathing"}),
        ("plain/4.wav", set[str](), set[str]()),
        ("named/0.wav", {"Speech"}, {"Conversation"}),
        ("named/3.wav", {"Hiss"}, {"Steam", "Water", "Animal", "Domestic animals, pets"}),
    ],
)
def test_a_clip_has_what_its_labels_imply_and_leaves_open_what_is_around(
    folder: Path, path: str, present: set[str], unknown: set[str]
) -> None:
    manifest = read(folder)
    clip = clip_of(manifest, path)
    assert words(manifest, clip.labels) == present
    assert words(manifest, clip.unknown) == unknown


def test_classes_that_do_not_exclude_each_other_imply_each_other(folder: Path) -> None:
    manifest = read(folder, changed={"excludes_others = true\n": ""})
    assert words(manifest, clip_of(manifest, "plain/3.wav").labels) == {"Snoring", "Breathing"}
    assert words(manifest, clip_of(manifest, "plain/2.wav").unknown) == {"Snoring"}


@pytest.mark.parametrize("path", ["plain/5.wav", "named/4.wav"])
def test_of_a_clip_of_nobody_knows_what_all_is_unknown(folder: Path, path: str) -> None:
    manifest = read(folder)
    clip = clip_of(manifest, path)
    assert clip.labels == ()
    assert clip.unknown == tuple(range(len(manifest.labels)))


def test_without_rest_such_clips_are_left_out(folder: Path) -> None:
    names = {
        clip.path.name for clip in read(folder, changed={'rest = "unknown"\n': ""}).clips if "plain" in str(clip.path)
    }
    assert names == {f"{i}.wav" for i in range(5)}


def test_by_split_puts_test_in_the_last_fold_and_deals_the_rest(folder: Path) -> None:
    folds = {clip.group: clip.fold for clip in read(folder).clips if clip.group.startswith("named/")}
    assert folds.pop("named/cid") == "5"
    assert set(folds.values()) <= set("1234")
    with pytest.raises(UserError, match=r"The set plain .*1, 2, 3"):
        read(folder, changed={"excludes_others": 'folds = "by split"\nexcludes_others'})


def test_a_low_rank_leaves_out_clips_to_train_on_only(folder: Path) -> None:
    names = [clip.path.name for clip in read(folder).clips if clip.path.parent.name == "named"]
    assert names == ["0.wav", "2.wav", "3.wav", "4.wav", "5.wav"], "61 is too low to train on, 400 is tested"


def test_sets_that_name_their_speakers_alike_share_them(folder: Path) -> None:
    groups = Counter(clip.group for clip in read(folder).clips if clip.path.parent.name in ("named", "pauses"))
    assert groups["named/ann"] == groups["named/cid"] == 2


def test_a_licence_of_the_set_as_a_whole_counts_too(folder: Path) -> None:
    manifest = read(folder, ("cc-by",))
    assert {clip.path.parent.name for clip in manifest.clips} == {"named", "pauses"}
    assert "Dog" not in manifest.labels.names, "no clip of it is left"
    assert dict(read(folder).licences)["plain: CC BY 4.0; CC BY-NC 3.0 as a whole"] == 6
    with pytest.raises(UserError, match=r"House .*mit; .*cc-by, cc-by-nc"):
        read(folder, ("mit",))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('["Dog", "?Door"]', '"Doog"', r"House .*'Doog'"),
        ('["Dog", "?Door"]', '"?Doog"', r"House .*'Doog'"),
        ('kettle = ["Steam"]', 'pan = ["Steam"]', r"\[parents\] with labels that no clip has: pan"),
        ('kettle = ["Steam"]', 'kettle = "Steam"', r"parents of kettle"),
        ('kettle = "Kettle"', 'pan = "Pan"', r"no clip has: pan"),
        ('vocabulary = "audioset"', 'vocabulary = "all"', r"vocabulary 'all'"),
        ('rest = "unknown"', 'rest = "whatever"', r"set plain .*rest 'whatever'"),
        ("most_yamnet_rank = 60", "most_yamnet_rank = 0", r"set named .*most_yamnet_rank 0"),
        ("rest", "most_yamnet_rank = 60\nrest", r"set plain .*most_yamnet_rank 60"),
        ('[sets.plain.labels]\ndog = ["Dog", "?Door"]', 'labels = "audioset"\n[sets.plain.x]', r"set plain .*: x"),
    ],
)
def test_a_wrong_collection_is_refused(folder: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(folder, changed={old: new})


def test_a_list_without_audiosets_column_is_refused(folder: Path) -> None:
    (folder / "pauses" / "manifest.csv").write_text("path,label,fold_or_split\n0.wav,x,train\n")
    with pytest.raises(UserError, match=r"set pauses .*column audioset"):
        read(folder)


@pytest.fixture(scope="module")
def everyday() -> Manifest:
    if not (DATA / "berklee_library").is_dir():
        pytest.skip(f"no real recordings in {DATA} (SOUNDMARK_DATA names the folder of the sets)")
    return read_manifest(DATA, "everyday")


def test_everyday_has_audiosets_labels_and_five_of_its_own(everyday: Manifest) -> None:
    assert len(everyday.labels) == 532
    own = [label.id for label in everyday.labels if not label.id.startswith(("/m/", "/t/", "/g/"))]
    assert own == ["can_opening", "drinking_sipping", "flying_insects", "mouse_click", "washing_machine"]
    trained = Counter(label for clip in everyday.clips if clip.fold != "5" for label in clip.labels)
    tested = Counter(label for clip in everyday.clips if clip.fold == "5" for label in clip.labels)
    print(len(trained), "labels have training clips,", sum(n >= 5 for n in tested.values()), "five held-out ones")
    assert sum(trained[label] >= 5 and n >= 5 for label, n in tested.items()) >= 120
    assert not {clip.path.parts[-3] for clip in everyday.clips} & {"esc10", "esc50_hq"}


def test_everyday_says_of_no_label_both(everyday: Manifest) -> None:
    tree = label_tree(everyday.labels)
    for clip in everyday.clips:
        assert not set(clip.labels) & set(clip.unknown)
        assert len(set(clip.labels)) == len(clip.labels)
        implied = {above for label in clip.labels for above in tree.implied[label]}
        assert implied <= {*clip.labels, *clip.unknown}, "what a label implies is never absent"


def test_the_fifty_classes_are_fifty_labels(everyday: Manifest) -> None:
    [esc50] = [collected for collected in load_collection("everyday").sets if collected.name == "esc50"]
    assert esc50.labels is not None
    first = {key: Vocabulary(load_collection("everyday")).ids([ours[0]])[0] for key, ours in esc50.labels.items()}
    assert len(first) == len(set(first.values())) == 50
    fifty = {label.index for label in everyday.labels if label.id in first.values()}
    for clip in everyday.clips:
        if clip.path.parts[-3] == "esc50":
            assert len(fifty.intersection(clip.labels)) == 1, "a clip of the fifty has one of them"


@pytest.mark.parametrize("fold", "15")
def test_no_recording_or_speaker_of_everyday_is_on_two_sides(everyday: Manifest, fold: str) -> None:
    split = everyday.split((fold,), ("4",))
    sides = [{clip.recording for clip in side} for side in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert split.n_left_out <= 40, "room tones whose speaker is on another side"
    assert sum(clip.path.parts[-3] == "esc50" for clip in split.test) == 400


def test_everyday_without_non_commercial_clips(everyday: Manifest) -> None:
    free = read_manifest(DATA, "everyday", ("cc0", "cc-by", "cc-by-sa", "public-domain", "mit", "odbl"))
    assert 0.5 * len(everyday.clips) < len(free.clips) < len(everyday.clips)
    assert not any("NC" in licence for licence, _ in free.licences)
    assert not {clip.path.parts[-3] for clip in free.clips} & {"esc50", "ravdess_speech"}
