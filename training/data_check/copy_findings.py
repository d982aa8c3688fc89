"""What copies and shared recordings do to labels and splits, in words. Opens no file and compares no sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import LabelledClip
from training.data_check.clip_findings import full_paths
from training.data_check.duplicates import Copies
from training.text import count, listed

MOST_TOLD = 20
"""Copies of one sort that get a finding each; the others share one."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The clips, the names of the labels by index, and the folds that are held out; without any, every fold is a side
    of its own."""

    clips: tuple[LabelledClip, ...]
    label_names: tuple[str, ...]
    test_folds: frozenset[str]

    def side_of(self, clip: LabelledClip) -> str:
        """What may not be mixed with what."""
        if self.test_folds:
            return "held out" if clip.fold in self.test_folds else "trained on"
        return clip.fold

    def words(self) -> str:
        """Where clips on different sides are."""
        return "on both sides of the split" if self.test_folds else "in different folds"

    def words_for(self, clip: LabelledClip) -> str:
        """`“a.wav” (rain, fold 1)`."""
        labels = " and ".join(self.label_names[i] for i in clip.labels) or "no label"
        return f"“{shown(clip.name)}” ({labels}{f', fold {clip.fold}' if clip.fold else ''})"


@dataclass(frozen=True, slots=True)
class _Harm:
    """What a set of copies does: its clips have different labels, or lie on both sides though of two recordings."""

    mislabelled: bool
    leaks: bool

    def words(self, sides: Sides) -> str:
        """`, under different labels and in different folds`, or nothing."""
        parts = ["under different labels"] * self.mislabelled + [sides.words()] * self.leaks
        return f", {' and '.join(parts)}" if parts else ""

    def remedy(self) -> str:
        """What to do about it."""
        parts = []
        if self.mislabelled:
            parts.append("Listen to them: one label is wrong, or the sound has both.")
        if self.leaks:
            parts.append(
                "Keep one of them, or give them the same group: a model that is tested on what it was trained on gets "
                "better figures than it deserves."
            )
        return " ".join(parts) or "Keep one of them: a copy counts twice in training."


def copy_findings(copies: Sequence[Copies], sides: Sides) -> list[Finding]:
    """A finding for each sound that is there more than once, those first that do most harm. All are warnings."""
    by_sort: dict[tuple[bool, _Harm], list[Copies]] = defaultdict(list)
    for one in copies:
        by_sort[one.is_exact, _harm_of([sides.clips[i] for i in one.clips], sides)].append(one)
    findings = list[Finding]()
    for (is_exact, harm), these in sorted(by_sort.items(), key=lambda item: _rank(*item[0])):
        findings += [_finding(one, harm, sides) for one in these[:MOST_TOLD]]
        if len(these) > MOST_TOLD:
            findings.append(_rest(these[MOST_TOLD:], is_exact, harm, sides))
    return findings


def shared_source_findings(sides: Sides) -> list[Finding]:
    """Recordings with clips on more than one side: known by their group, whatever they sound like."""
    groups: dict[str, list[LabelledClip]] = defaultdict(list)
    for clip in sides.clips:
        if clip.group:
            groups[clip.group].append(clip)
    shared = {name: clips for name, clips in groups.items() if len({sides.side_of(clip) for clip in clips}) > 1}
    if not shared:
        return []
    named = [f"{name} (folds {', '.join(sorted({clip.fold for clip in clips}))})" for name, clips in shared.items()]
    text = f"{count(len(shared), 'recording has', 'recordings have')} clips {sides.words()}: {listed(named)}."
    remedy = "Nothing need be done: the training leaves out their clips on its side. Put each into one fold to use all."
    paths = full_paths([clip.path for clips in shared.values() for clip in clips])
    return [Finding("shared_source", "warning", text, remedy, paths)]


def _harm_of(clips: Sequence[LabelledClip], sides: Sides) -> _Harm:
    """Clips of one group on two sides leak nothing: the split leaves out one of them."""
    groups = {clip.group for clip in clips}
    leaks = len({sides.side_of(clip) for clip in clips}) > 1 and (len(groups) > 1 or "" in groups)
    return _Harm(len({frozenset(clip.labels) for clip in clips}) > 1, leaks)


def _rank(is_exact: bool, harm: _Harm) -> tuple[bool, bool, bool]:
    return not harm.mislabelled, not harm.leaks, not is_exact


def _finding(one: Copies, harm: _Harm, sides: Sides) -> Finding:
    clips = [sides.clips[i] for i in one.clips]
    what = "are the same sound" if one.is_exact else "hold the same stretch of one recording"
    words = listed([sides.words_for(clip) for clip in clips], 4)
    kind = "duplicate" if one.is_exact else "near_duplicate"
    return Finding(
        kind, "warning", f"{words} {what}{harm.words(sides)}.", harm.remedy(), full_paths([one.path for one in clips])
    )


def _rest(these: Sequence[Copies], is_exact: bool, harm: _Harm, sides: Sides) -> Finding:
    what = "sound" if is_exact else "recording"
    kind = "duplicate" if is_exact else "near_duplicate"
    text = f"{count(len(these), f'more {what} is', f'more {what}s are')} there more than once{harm.words(sides)}."
    paths = full_paths([sides.clips[i].path for one in these for i in one.clips])
    return Finding(kind, "warning", text, harm.remedy(), paths)
