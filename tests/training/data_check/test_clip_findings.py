"""Each fault of single clips becomes one finding with all the clips that have it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.labels import LabelSet
from core.run.data_report import Finding
from training.data.layouts.clip_parts import Part
from training.data.manifest import LabelledClip, Manifest
from training.data_check.clip_findings import LONGEST_S, MOST_FLAT_TOPS, clip_findings, full_paths
from training.data_check.clip_survey import ClipSurvey
from training.data_check.fingerprints import fingerprint

LABELS = LabelSet.from_ids(["bell", "rain"])
NO_SOUND = fingerprint(np.zeros(0, np.float32))


def survey(duration_s: float = 1.0, peak: float = 0.5, n_flat_tops: int = 0) -> ClipSurvey:
    return ClipSurvey(duration_s, peak, n_flat_tops, "", NO_SOUND)


def found(surveys: dict[str, ClipSurvey | UserError], n_missing: int = 0) -> list[Finding]:
    """The findings on clips with these names, of which a published list has `n_missing` more."""
    clips = tuple(LabelledClip(Path(name), (0,), "1", "") for name in surveys)
    missing = tuple(f"id{i}" for i in range(min(5, n_missing)))
    manifest = Manifest("clips", clips, LABELS, (), n_missing=n_missing, missing=missing)
    return clip_findings((), manifest, list(surveys.values()))


def names(finding: Finding) -> list[str]:
    return [Path(path).name for path in finding.paths]


def test_clips_without_a_fault_give_no_finding() -> None:
    at_the_limits = {
        "short.wav": survey(0.2),
        "long.wav": survey(LONGEST_S),
        "soft.wav": survey(peak=0.001),
        "loud.wav": survey(peak=1.0, n_flat_tops=MOST_FLAT_TOPS - 1),
    }
    assert found({**at_the_limits}) == []


@pytest.mark.parametrize(
    ("faulty", "kind", "severity"),
    [
        (survey(0.024), "short", "error"),
        (survey(0.199), "short", "warning"),
        (survey(LONGEST_S + 0.01), "long", "warning"),
        (survey(peak=0.0009), "silent", "warning"),
        (survey(peak=1.0, n_flat_tops=MOST_FLAT_TOPS), "clipped", "warning"),
        (UserError("a.wav is broken.", "Replace it."), "unreadable", "error"),
    ],
)
def test_a_fault_has_its_kind_and_names_its_clips_alone(
    faulty: ClipSurvey | UserError, kind: str, severity: str
) -> None:
    [finding] = found({"a.wav": faulty, "good.wav": survey(), "b.wav": faulty})
    assert (finding.kind, finding.severity) == (kind, severity)
    assert names(finding) == ["a.wav", "b.wav"]
    assert "a.wav, b.wav" in finding.text
    assert finding.remedy


def test_a_silent_clip_that_is_too_short_is_reported_for_its_length_alone() -> None:
    assert [finding.kind for finding in found({"a.wav": survey(0.0, peak=0.0)})] == ["short"]


def test_unreadable_clips_share_a_finding_where_one_remedy_fixes_them() -> None:
    findings = found(
        {
            "a.wav": UserError("a.wav is broken.", "Replace it."),
            "b.wav": UserError("b.wav is locked.", "Close the other program."),
            "c.wav": UserError("c.wav is broken.", "Replace it."),
        }
    )
    assert [(finding.remedy, names(finding)) for finding in findings] == [
        ("Replace it.", ["a.wav", "c.wav"]),
        ("Close the other program.", ["b.wav"]),
    ]
    assert "a.wav is broken." in findings[0].text
    assert findings[1].text == "b.wav is locked."


def test_missing_clips_of_a_list_are_an_error_and_those_of_a_published_list_a_note() -> None:
    manifest = Manifest("clips", (), LABELS, ())
    [finding] = clip_findings([Path("gone.wav"), Path("lost.wav")], manifest, [])
    assert (finding.kind, finding.severity) == ("missing", "error")
    assert names(finding) == ["gone.wav", "lost.wav"]
    [note] = found({"a.wav": survey()}, n_missing=7)
    assert (note.kind, note.severity, note.paths) == ("missing", "note", ())
    assert "7 clips" in note.text
    assert "id0" in note.text


def test_many_clips_are_counted_and_few_are_named() -> None:
    [finding] = found({f"{i}.wav": survey(0.1) for i in range(9)})
    assert "9 clips" in finding.text
    assert "0.wav, 1.wav, 2.wav and 6 more" in finding.text
    assert len(finding.paths) == 9


def test_parts_of_a_file_are_named_apart_and_its_path_is_given_once() -> None:
    clips = tuple(LabelledClip(Path("walk.wav"), (0,), "1", "", Part(start, start + 0.1)) for start in (0.0, 1.0))
    [finding] = clip_findings((), Manifest("clips", clips, LABELS, ()), [survey(0.1)] * 2)
    assert "walk.wav from 0 s to 0.1 s, walk.wav from 1 s to 1.1 s" in finding.text
    assert names(finding) == ["walk.wav"]


def test_paths_are_absolute_each_once_in_their_order() -> None:
    here = os.getcwd()
    given = [Path("b.wav"), Path("a.wav"), Path("b.wav"), Path(here) / "a.wav"]
    assert full_paths(given) == (os.path.join(here, "b.wav"), os.path.join(here, "a.wav"))
