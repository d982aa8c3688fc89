"""Reports what is wrong with classes: no clips, too few, or all of them in one fold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from core.audio.decoding.decode import find_media
from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import Manifest
from training.text import count, join_names

FEWEST_CLIPS = 10
"""A class with fewer clips gets a warning."""


def class_findings(manifest: Manifest, folder: Path, *, needs_split: bool) -> list[Finding]:
    """Classes without clips, with too few, or with all of them in one fold. needs_split: clips will be held out.

    Classes with a single clip are reported by `data_rules`: they prevent a training."""
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
        *_one_finding(empty, Finding("empty_class", "warning", "no clips", "Add clips, or remove the class.")),
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
                "all clips in the same fold",
                "Add clips of other recordings, or spread them over several folds: otherwise the class is either never "
                "trained on or never tested.",
            ),
        ),
    ]


def _folders_without_clips(folder: Path) -> list[str]:
    folders = sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] not in "._")
    return [shown(class_folder.name) for class_folder in folders if not find_media([class_folder]).files]


def _one_finding(names: Sequence[str], what: Finding) -> list[Finding]:
    """`what` with its text completed to a sentence about the classes; nothing without classes."""
    if not names:
        return []
    text = f"{count(len(names), 'class has', 'classes have')} {what.text}: {join_names(names)}."
    return [Finding(what.kind, what.severity, text, what.remedy)]
