"""Splits: groups stay whole, chance plays no part, and what cannot be is refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.labels import LabelSet
from training.data.layouts.clip_rows import FOLDS
from training.data.manifest import LabelledClip, Manifest


def manifest(clips: list[LabelledClip]) -> Manifest:
    return Manifest("made up", tuple(clips), LabelSet.from_ids(["a", "b", "c"]), ())


def clip(i: int, label: int = 0, fold: str = "1", group: str = "") -> LabelledClip:
    return LabelledClip(Path(f"{i}.wav"), (label,) if label >= 0 else (), fold, group)


@st.composite
def clip_lists(draw: st.DrawFn) -> list[LabelledClip]:
    """Clips whose groups lie across folds and labels in any way; some of no group or no label."""
    n = draw(st.integers(20, 60))
    parts = st.tuples(st.integers(-1, 2), st.sampled_from(FOLDS), st.sampled_from(["", *"ghijklmnopq"]))
    return [clip(i, *draw(parts)) for i in range(n)]


def groups_of(clips: tuple[LabelledClip, ...]) -> set[str]:
    return {clip.group or str(clip.path) for clip in clips}


@pytest.mark.slow
@given(
    clip_lists(), st.sampled_from([("5",), ("1", "2"), ()]), st.sampled_from([("3",), ()]), st.sampled_from([0, 0.2])
)
def test_no_group_is_on_two_sides_and_every_clip_is_counted(
    clips: list[LabelledClip], test_folds: tuple[str, ...], validation_folds: tuple[str, ...], share: float
) -> None:
    try:
        split = manifest(clips).split(test_folds, validation_folds, share)
    except UserError:
        return  # a fold that nothing fell into, or a side whose groups all lie elsewhere too
    sides = (split.train, split.validation, split.test)
    assert sum(len(groups_of(side)) for side in sides) == len(groups_of(sum(sides, ())))
    assert sum(map(len, sides)) + split.n_left_out == len(clips)
    assert {clip.fold for clip in split.test} <= set(test_folds)
    assert set(split.test) == {clip for clip in clips if clip.fold in test_folds}


def test_a_recording_on_both_sides_leaves_the_training_side() -> None:
    split = manifest([clip(0, fold="1", group="same"), clip(1, fold="2", group="same"), clip(2)]).split(("2",))
    assert [clip.path.name for clip in split.train] == ["2.wav"]
    assert split.n_left_out == 1


def test_nothing_need_be_held_out() -> None:
    split = manifest([clip(0), clip(1)]).split(())
    assert (len(split.train), split.validation, split.test, split.n_left_out) == (2, (), (), 0)


def test_a_validation_share_is_of_every_label_and_the_same_for_any_order() -> None:
    clips = [clip(i, i % 3 - 1, group=f"g{i // 6}-{i % 3}") for i in range(300)]
    split = manifest(clips).split((), validation_share=0.2)
    assert Counter(clip.labels for clip in split.validation) == {(): 20, (0,): 20, (1,): 20}
    other = manifest(clips[::-1]).split((), validation_share=0.2)
    assert set(other.validation) == set(split.validation)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((("9",),), r"no fold 9.*It has the folds 1, 2"),
        ((("1",), ("training",)), "no fold training"),
        ((("1", "2"),), "0 clips for training, 0 for validation, 4 for testing"),
        ((("1",), (), 0.1), "2 clips for training, 0 for validation"),
    ],
)
def test_impossible_splits_are_refused(arguments: tuple, says: str) -> None:
    with pytest.raises(UserError, match=says):
        manifest([clip(0), clip(1), clip(2, fold="2"), clip(3, fold="2")]).split(*arguments)
