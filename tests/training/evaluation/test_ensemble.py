"""Evaluating checkpoints: labels are matched, clips are tagged whole, and what limits the figures is noted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.log_mel import LogMel
from core.errors import UsageError, UserError
from core.labels import Label, LabelSet
from fakes import LABELS, tiny_checkpoint, tiny_tagger
from training.data.clip_frames import ClipFrames
from training.data.manifest import LabelledClip, Manifest
from training.evaluation.ensemble import (
    clips_in_folds,
    common_outputs,
    describe_split,
    match_labels,
    n_trained_on,
    notes_on_labels,
    notes_on_training,
    tag_decoded,
)

FOLDS = ("1", "1", "2", "3")


@pytest.fixture
def manifest() -> Manifest:
    clips = tuple(LabelledClip(Path(f"{i}.wav"), (i,), fold, "") for i, fold in enumerate(FOLDS))
    return Manifest("birds", clips, LabelSet.from_ids(["dog", "rain", "whale", "clock_tick"]), ())


def test_labels_match_by_id_and_the_rest_is_counted(manifest: Manifest) -> None:
    shared = match_labels(manifest.clips, manifest.labels, LabelSet.from_ids(LABELS))
    assert shared.columns == (0, 1, 3)
    assert [clip.labels for clip in shared.clips] == [(0,), (1,), (3,)]
    assert (shared.unknown, shared.n_left_out, shared.n_others) == ((("Whale", 1),), 1, 1)
    assert shared.respelt == ()
    lacks, others = notes_on_labels(shared)
    assert "Whale (1)" in lacks
    assert "3" in others


def test_clips_without_a_label_are_kept(manifest: Manifest) -> None:
    clips = (*manifest.clips, LabelledClip(Path("noise.wav"), (), "", ""))
    assert match_labels(clips, manifest.labels, LabelSet.from_ids(LABELS)).clips[-1].labels == ()


def test_labels_that_look_the_same_are_one() -> None:
    ours, theirs = LabelSet.from_ids(["hum", "rain_drop", "Tone"]), LabelSet.from_ids(["Rain drop", "tone", "whale"])
    shared = match_labels(tuple(LabelledClip(Path(f"{i}.wav"), (i,), "", "") for i in range(3)), theirs, ours)
    assert (shared.columns, [clip.labels for clip in shared.clips]) == ((1, 2), [(1,), (2,)])
    assert shared.unknown == (("Whale", 1),)
    assert shared.respelt == (("Rain drop", "rain_drop"), ("tone", "Tone"))
    assert any("Rain drop as rain_drop, tone as Tone" in note for note in notes_on_labels(shared))


def test_its_own_spelling_comes_first() -> None:
    clips, own = (LabelledClip(Path("a.wav"), (0,), "", ""),), LabelSet.from_ids(["TONE", "tone"])
    assert match_labels(clips, LabelSet.from_ids(["tone"]), own).columns == (1,)


def test_ids_for_machines_match_exactly_or_not_at_all() -> None:
    clips = (LabelledClip(Path("a.wav"), (0,), "", ""),)
    model = LabelSet((Label(0, "/m/0bt9lr", "Dog"), Label(1, "/m/06mb1", "Rain")))
    assert match_labels(clips, LabelSet((Label(0, "/m/06mb1", "Rain"),)), model).columns == (1,)
    with pytest.raises(UserError, match="none of the labels"):
        match_labels(clips, LabelSet.from_ids(["dog"]), model)


def test_folds_are_chosen_by_name_and_unknown_ones_refused(manifest: Manifest) -> None:
    assert clips_in_folds(manifest, ()) == manifest.clips
    assert clips_in_folds(manifest, ("3", "1")) == (*manifest.clips[:2], manifest.clips[3])
    with pytest.raises(UsageError, match="no fold 7") as caught:
        clips_in_folds(manifest, ("1", "7"))
    assert "1, 2, 3" in caught.value.remedy


OTHER_OUTPUTS = {"labels": LabelSet.from_ids(LABELS[::-1]), "activation": "softmax"}


@pytest.mark.parametrize("key", OTHER_OUTPUTS)
def test_members_must_have_the_same_outputs(key: str) -> None:
    first = tiny_checkpoint()
    assert common_outputs([first, tiny_checkpoint()]) == (first.config.labels, "sigmoid")
    with pytest.raises(UserError, match="Tiny"):
        common_outputs([first, tiny_checkpoint(**{key: OTHER_OUTPUTS[key]})])


def test_clips_are_tagged_up_to_one_window_and_tracked() -> None:
    tagger, rng = tiny_tagger(), np.random.default_rng(0)
    sounds = [rng.normal(0, 0.1, n_samples).astype(np.float32) for n_samples in (8_000, 200_000)]
    frames = [LogMel(tagger.log_mel)(sound).astype(np.float16) for sound in sounds]
    decoded = ClipFrames(np.array([len(clip) for clip in frames]), np.zeros((2, 4), np.float32), frames.__getitem__)
    tracked: list[tuple[range, str]] = []

    def track(places: range, task: str) -> range:
        tracked.append((places, task))
        return places

    scores = tag_decoded(tagger, decoded, "Tagging", track)
    assert tracked == [(range(2), "Tagging")]
    for row, clip in zip(scores, frames, strict=True):
        own = tagger.tag(clip[: tagger.window_frames].astype(np.float32)).probabilities
        np.testing.assert_array_equal(row, own)


def test_clips_that_the_model_or_its_origins_were_trained_on_are_counted(manifest: Manifest) -> None:
    started_from = {"data": "birds", "test_folds": ["2"]}
    checkpoint = tiny_checkpoint(provenance={"data": "frogs", "test_folds": ["1"], "started_from": started_from})
    assert n_trained_on([checkpoint], manifest, manifest.clips) == 3
    assert describe_split((), [checkpoint], manifest, manifest.clips) == "all clips, 3 of 4 trained on"
    assert describe_split(("2",), [checkpoint], manifest, manifest.clips[2:3]) == "fold 2"
    seen, elsewhere = notes_on_training([checkpoint], manifest, manifest.clips)
    assert "3 of these 4 clips" in seen
    assert "frogs" in elsewhere


def test_what_a_teacher_learnt_from_counts_and_an_unknown_origin_is_noted(manifest: Manifest) -> None:
    """Stored provenance of a published checkpoint: its keys stay as they are."""
    teacher = {"name": "Owl", "data": "birds", "test_folds": ["1"], "went_on": True}
    checkpoint = tiny_checkpoint(
        provenance={"data": "birds", "test_folds": ["1", "2", "3"], "started_from": None, "teachers": [teacher]}
    )
    assert n_trained_on([checkpoint], manifest, manifest.clips) == 2
    assert any("unnamed data" in note for note in notes_on_training([checkpoint], manifest, manifest.clips))
