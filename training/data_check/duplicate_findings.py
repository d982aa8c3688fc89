"""Reports what duplicates and shared recordings do to labels and splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import LabelledClip
from training.data_check.clip_findings import full_paths
from training.data_check.duplicates import DuplicateGroup
from training.text import count, join_names

MOST_REPORTED = 20
"""Groups of one kind that get a finding each; the others share one."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The clips, the names of the labels by index, and the folds that are held out; without any, every fold is its own
    side."""

    clips: tuple[LabelledClip, ...]
    label_names: tuple[str, ...]
    test_folds: frozenset[str]

    def side_of(self, clip: LabelledClip) -> str:
        """The side of the split that a clip is on. No recording may be on two."""
        if self.test_folds:
            return "held out" if clip.fold in self.test_folds else "trained on"
        return clip.fold

    def words(self) -> str:
        """How clips on different sides are described."""
        return "on both sides of the split" if self.test_folds else "in different folds"

    def words_for(self, clip: LabelledClip) -> str:
        """`“a.wav” (rain, fold 1)`."""
        labels = " and ".join(self.label_names[i] for i in clip.labels) or "no label"
        return f"“{shown(clip.name)}” ({labels}{f', fold {clip.fold}' if clip.fold else ''})"


@dataclass(frozen=True, slots=True)
class _Harm:
    """What is wrong with a duplicate group: its clips have different labels, or are on both sides of the split without
    a group that would keep them together."""

    mislabelled: bool
    leaks: bool

    def words(self, sides: Sides) -> str:
        """`, with different labels and in different folds`, or nothing."""
        parts = ["with different labels"] * self.mislabelled + [sides.words()] * self.leaks
        return f", {' and '.join(parts)}" if parts else ""

    def remedy(self) -> str:
        """What to do about it."""
        parts = []
        if self.mislabelled:
            parts.append("Listen to them: one label is wrong, or the sound should have both.")
        if self.leaks:
            parts.append(
                "Keep only one of them, or give them the same group: a model that is tested on clips it was trained on "
                "gets better figures than it deserves."
            )
        return " ".join(parts) or "Keep only one of them: a duplicate counts twice in training."


def duplicate_findings(groups: Sequence[DuplicateGroup], sides: Sides) -> list[Finding]:
    """A warning for each sound that occurs more than once, the most harmful ones first."""
    by_kind: dict[tuple[bool, _Harm], list[DuplicateGroup]] = defaultdict(list)
    for group in groups:
        by_kind[group.is_exact, _harm_of([sides.clips[i] for i in group.clips], sides)].append(group)
    findings = list[Finding]()
    for (is_exact, harm), of_kind in sorted(by_kind.items(), key=lambda item: _rank(*item[0])):
        findings += [_finding(group, harm, sides) for group in of_kind[:MOST_REPORTED]]
        if len(of_kind) > MOST_REPORTED:
            findings.append(_finding_for_rest(of_kind[MOST_REPORTED:], is_exact, harm, sides))
    return findings


def shared_source_findings(sides: Sides) -> list[Finding]:
    """Recordings that have clips on more than one side, by the groups that the data give."""
    groups: dict[str, list[LabelledClip]] = defaultdict(list)
    for clip in sides.clips:
        if clip.group:
            groups[clip.group].append(clip)
    shared = {name: clips for name, clips in groups.items() if len({sides.side_of(clip) for clip in clips}) > 1}
    if not shared:
        return []
    named = [f"{name} (folds {', '.join(sorted({clip.fold for clip in clips}))})" for name, clips in shared.items()]
    text = f"{count(len(shared), 'recording has', 'recordings have')} clips {sides.words()}: {join_names(named)}."
    remedy = (
        "Nothing to do: training leaves out those of their clips that would be on its side. Put each recording into a "
        "single fold to use all of them."
    )
    paths = full_paths([clip.path for clips in shared.values() for clip in clips])
    return [Finding("shared_source", "warning", text, remedy, paths)]


def _harm_of(clips: Sequence[LabelledClip], sides: Sides) -> _Harm:
    """Clips of one group on two sides are no leak: the split leaves out those on one side."""
    groups = {clip.group for clip in clips}
    leaks = len({sides.side_of(clip) for clip in clips}) > 1 and (len(groups) > 1 or "" in groups)
    return _Harm(len({frozenset(clip.labels) for clip in clips}) > 1, leaks)


def _rank(is_exact: bool, harm: _Harm) -> tuple[bool, bool, bool]:
    return not harm.mislabelled, not harm.leaks, not is_exact


def _finding(group: DuplicateGroup, harm: _Harm, sides: Sides) -> Finding:
    clips = [sides.clips[i] for i in group.clips]
    what = "are the same sound" if group.is_exact else "contain the same part of one recording"
    words = join_names([sides.words_for(clip) for clip in clips], 4)
    kind = "duplicate" if group.is_exact else "near_duplicate"
    return Finding(
        kind, "warning", f"{words} {what}{harm.words(sides)}.", harm.remedy(), full_paths([clip.path for clip in clips])
    )


def _finding_for_rest(groups: Sequence[DuplicateGroup], is_exact: bool, harm: _Harm, sides: Sides) -> Finding:
    what = "sound" if is_exact else "recording"
    kind = "duplicate" if is_exact else "near_duplicate"
    text = f"{count(len(groups), f'more {what} occurs', f'more {what}s occur')} more than once{harm.words(sides)}."
    paths = full_paths([sides.clips[i].path for group in groups for i in group.clips])
    return Finding(kind, "warning", text, harm.remedy(), paths)
