"""Duplicates are reported with the harm that they do: wrong labels, leaks between the sides of a split, or neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.manifest import LabelledClip
from training.data_check.duplicate_findings import MOST_REPORTED, Sides, duplicate_findings, shared_source_findings
from training.data_check.duplicates import DuplicateGroup

BELL, RAIN = (0,), (1,)


def clip(name: str, labels: tuple[int, ...] = BELL, fold: str = "1", group: str = "") -> LabelledClip:
    return LabelledClip(Path(name), labels, fold, group)


def sides(*clips: LabelledClip, test_folds: str = "") -> Sides:
    return Sides(clips, ("Bell", "Rain"), frozenset(test_folds))


def pair(is_exact: bool = True) -> DuplicateGroup:
    return DuplicateGroup((0, 1), is_exact=is_exact)


def test_without_held_out_folds_every_fold_is_a_side_of_its_own() -> None:
    assert sides().side_of(clip("a.wav", fold="3")) == "3"
    two = sides(test_folds="5")
    assert (
        two.side_of(clip("a.wav", fold="1")) == two.side_of(clip("a.wav", fold="3")) != two.side_of(clip("a", (), "5"))
    )


@pytest.mark.parametrize(("is_exact", "kind"), [(True, "duplicate"), (False, "near_duplicate")])
def test_a_harmless_duplicate_is_said_to_count_twice(is_exact: bool, kind: str) -> None:
    [finding] = duplicate_findings([pair(is_exact)], sides(clip("a.wav"), clip("b.wav")))
    assert (finding.kind, finding.severity) == (kind, "warning")
    assert [Path(path).name for path in finding.paths] == ["a.wav", "b.wav"]
    assert "“a.wav” (Bell, fold 1), “b.wav” (Bell, fold 1)" in finding.text
    assert "twice" in finding.remedy


@pytest.mark.parametrize(
    ("second", "test_folds", "is_mislabelled", "leaks"),
    [
        (clip("b.wav", RAIN), "", True, False),
        (clip("b.wav", fold="2"), "", False, True),
        (clip("b.wav", RAIN, "2"), "", True, True),
        (clip("b.wav", fold="2"), "2", False, True),
        (clip("b.wav", fold="2"), "3", False, False),
        (clip("b.wav", (1, 0)), "", True, False),
        (clip("b.wav", (), ""), "", True, True),
    ],
)
def test_harm_is_in_the_words_and_in_the_remedy(
    second: LabelledClip, test_folds: str, is_mislabelled: bool, leaks: bool
) -> None:
    of_pair = sides(clip("a.wav"), second, test_folds=test_folds)
    [finding] = duplicate_findings([pair()], of_pair)
    assert ("different labels" in finding.text) is is_mislabelled
    assert ("label is wrong" in finding.remedy) is is_mislabelled
    assert (of_pair.words() in finding.text) is leaks
    assert ("the same group" in finding.remedy) is leaks


@pytest.mark.parametrize(("groups", "leaks"), [(("w", "w"), False), (("w", "x"), True), (("w", ""), True)])
def test_duplicates_of_one_group_do_not_leak_because_the_split_keeps_them_together(
    groups: tuple[str, str], leaks: bool
) -> None:
    of_pair = sides(clip("a.wav", group=groups[0]), clip("b.wav", fold="2", group=groups[1]))
    [finding] = duplicate_findings([pair()], of_pair)
    assert ("in different folds" in finding.text) is leaks


def test_the_most_harmful_duplicates_come_first() -> None:
    clips = (clip("a.wav"), clip("b.wav"), clip("c.wav", fold="2"), clip("d.wav", RAIN))
    groups = [DuplicateGroup((0, i), is_exact=exact) for i, exact in ((1, False), (1, True), (2, True), (3, False))]
    findings = duplicate_findings(groups, sides(*clips))
    assert [[Path(path).name for path in finding.paths][1] for finding in findings] == [
        "d.wav",
        "c.wav",
        "b.wav",
        "b.wav",
    ]
    assert [finding.kind for finding in findings[2:]] == ["duplicate", "near_duplicate"]


def test_beyond_the_most_reported_the_others_of_a_kind_share_one_finding() -> None:
    n_groups = MOST_REPORTED + 3
    clips = [clip(f"{i}.wav") for i in range(2 * n_groups)]
    groups = [DuplicateGroup((2 * i, 2 * i + 1), is_exact=True) for i in range(n_groups)]
    findings = duplicate_findings(groups, sides(*clips))
    assert [len(finding.paths) for finding in findings] == [2] * MOST_REPORTED + [6]
    assert findings[-1].text.startswith("3 ")


def test_recordings_on_two_sides_are_reported_together() -> None:
    clips = (
        *(clip("a.wav", group="walk"), clip("b.wav", fold="4", group="walk")),
        *(clip("c.wav", group="sea"), clip("d.wav", group="sea"), clip("e.wav", fold="2")),
    )
    [finding] = shared_source_findings(sides(*clips))
    assert (finding.kind, finding.severity) == ("shared_source", "warning")
    assert "walk (folds 1, 4)" in finding.text
    assert "sea" not in finding.text
    assert [Path(path).name for path in finding.paths] == ["a.wav", "b.wav"]
    assert shared_source_findings(sides(*clips, test_folds="2")) == []
