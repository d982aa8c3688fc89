"""What is wrong with classes, in words: empty, tiny, all in one fold. Opens no file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from core.audio.decoding.decode import find_media
from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import Manifest
from training.text import count, listed

FEWEST_CLIPS = 10
"""A class with fewer clips is called tiny."""


def class_findings(manifest: Manifest, folder: Path, *, needs_split: bool) -> list[Finding]:
    """Classes without clips, with too few, or with all of them in one fold. needs_split: clips will be held out.
    Those of a single clip are told by `data_rules`, where they stop a training."""
    fewest = 1 if manifest.has_own_vocabulary else 2
    folds_of: dict[str, set[str]] = defaultdict(set)
    n_clips: Counter[str] = Counter({label.name: 0 for label in manifest.labels})
    for clip in manifest.clips:
        for label in clip.labels:
            n_clips[manifest.labels[label].name] += 1
            folds_of[manifest.labels[label].name].add(clip.fold)
    empty = [name for name, n in n_clips.items() if n == 0]
    if manifest.layout == "class folders":
        empty += _folders_without_clips(folder)
    tiny = sorted((n, name) for name, n in n_clips.items() if fewest <= n < FEWEST_CLIPS)
    in_one_fold = [name for name, n in n_clips.items() if n > 1 and needs_split and len(folds_of[name]) == 1]
    return [
        *_one_finding(empty, Finding("empty_class", "warning", "no clip", "Add clips, or take the class away.")),
        *_one_finding(
            [f"{name} ({n})" for n, name in tiny],
            Finding(
                "tiny_class",
                "warning",
                f"fewer than {FEWEST_CLIPS} clips",
                "Add clips: a class with so few is learned badly, and its figures mean little.",
            ),
        ),
        *_one_finding(
            in_one_fold,
            Finding(
                "tiny_class",
                "warning",
                "all clips in one fold",
                "Add clips of other recordings, or spread them over the folds: else the class is never trained on, or "
                "never tested.",
            ),
        ),
    ]


def _folders_without_clips(folder: Path) -> list[str]:
    folders = sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] not in "._")
    return [shown(one.name) for one in folders if not find_media([one]).files]


def _one_finding(names: Sequence[str], what: Finding) -> list[Finding]:
    """`what` with its text made a sentence about the classes; none without a class."""
    if not names:
        return []
    text = f"{count(len(names), 'class has', 'classes have')} {what.text}: {listed(names)}."
    return [Finding(what.kind, what.severity, text, what.remedy)]
