"""Classes without clips, with too few, or with all of them in one fold are warned about, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.labels import LabelSet
from core.run.data_report import Finding
from training.data.manifest import LabelledClip, Manifest
from training.data_check.class_findings import FEWEST_CLIPS, class_findings

LABELS = LabelSet.from_ids(["bell", "rain", "wolf"])


def manifest(n_clips: dict[str, int], n_folds: int = 5, *, is_published: bool = False) -> Manifest:
    """So many clips of each label, in folds dealt in turn."""
    clips = tuple(
        LabelledClip(Path(f"{label}{i}.wav"), (LABELS.labels[k].index,), str(i % n_folds + 1), "")
        for k, label in enumerate(n_clips)
        for i in range(n_clips[label])
    )
    return Manifest("clips", clips, LABELS, (), has_own_vocabulary=is_published)


def found(clips: Manifest, folder: Path, *, needs_split: bool = True) -> list[Finding]:
    findings = class_findings(clips, folder, needs_split=needs_split)
    assert all(finding.severity == "warning" for finding in findings)
    return findings


def test_enough_clips_in_several_folds_give_no_finding(tmp_path: Path) -> None:
    assert found(manifest({"bell": FEWEST_CLIPS, "rain": 40, "wolf": FEWEST_CLIPS}), tmp_path) == []


def test_few_clips_are_warned_about_fewest_first(tmp_path: Path) -> None:
    [finding] = found(manifest({"bell": FEWEST_CLIPS - 1, "rain": 40, "wolf": 2}), tmp_path)
    assert finding.kind == "tiny_class"
    assert f"Wolf (2), Bell ({FEWEST_CLIPS - 1})" in finding.text


@pytest.mark.parametrize(("is_published", "kinds"), [(False, []), (True, ["tiny_class"])])
def test_a_single_clip_is_warned_about_where_it_does_not_prevent_a_training(
    tmp_path: Path, is_published: bool, kinds: list[str]
) -> None:
    clips = manifest({"bell": 20, "rain": 20, "wolf": 1}, is_published=is_published)
    assert [finding.kind for finding in found(clips, tmp_path)] == kinds


def test_labels_without_clips_are_named_together(tmp_path: Path) -> None:
    [finding] = found(manifest({"bell": 20}), tmp_path)
    assert finding.kind == "empty_class"
    assert "Rain, Wolf" in finding.text


def test_class_folders_without_clips_are_named_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("thunder", ".hidden", "_backup", "bell"):
        (tmp_path / name).mkdir()
    (tmp_path / "thunder" / "notes.txt").touch()
    (tmp_path / "bell" / "a.wav").touch()
    listed = manifest({"bell": 20, "rain": 20, "wolf": 20})
    in_folders = Manifest("clips", listed.clips, LABELS, (), layout="class folders")
    [finding] = found(in_folders, tmp_path)
    assert finding.kind == "empty_class"
    assert finding.text.endswith("no clips: thunder.")
    assert found(listed, tmp_path) == []


@pytest.mark.parametrize(("needs_split", "n_findings"), [(True, 1), (False, 0)])
def test_classes_in_one_fold_are_warned_about_where_clips_will_be_held_out(
    tmp_path: Path, needs_split: bool, n_findings: int
) -> None:
    clips = manifest({"bell": 20, "rain": 20, "wolf": 20})
    of_one_fold = tuple(LabelledClip(clip.path, clip.labels, "2", "") for clip in clips.clips if clip.labels == (2,))
    mixed = Manifest("clips", (*clips.clips[:40], *of_one_fold), LABELS, ())
    findings = found(mixed, tmp_path, needs_split=needs_split)
    assert [finding.kind for finding in findings] == ["tiny_class"] * n_findings
    assert all("Wolf" in finding.text and "Bell" not in finding.text for finding in findings)
