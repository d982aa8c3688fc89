"""Reports what is wrong with single clips: missing, unreadable, silent, too short, too long, clipped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import LabelledClip, Manifest
from training.data_check.clip_survey import SILENT_DB, ClipSurvey
from training.text import count, join_names

SHORTEST_S, SHORT_S, LONGEST_S = 0.025, 0.2, 10.24
"""One frame of log-mel; less than a word, or a click with its surroundings; what training uses of a clip."""

MOST_FLAT_TOPS = 10
"""A clip with so many peaks cut off at full scale counts as clipped."""


def clip_findings(
    missing: Sequence[Path], manifest: Manifest, surveys: Sequence[ClipSurvey | UserError]
) -> list[Finding]:
    """One finding for each fault, with all clips that have it. surveys: of the manifest's clips, in their order."""
    clips = manifest.clips
    surveyed = [(clip, found) for clip, found in zip(clips, surveys, strict=True) if isinstance(found, ClipSurvey)]
    too_short = [clip for clip, survey in surveyed if survey.duration_s < SHORTEST_S]
    short = [clip for clip, survey in surveyed if SHORTEST_S <= survey.duration_s < SHORT_S]
    long = [clip for clip, survey in surveyed if survey.duration_s > LONGEST_S]
    silent = [clip for clip, survey in surveyed if survey.is_silent and survey.duration_s >= SHORTEST_S]
    clipped = [clip for clip, survey in surveyed if survey.n_flat_tops >= MOST_FLAT_TOPS]
    return [
        *_missing(missing, manifest),
        *_unreadable(
            [(clip, found) for clip, found in zip(clips, surveys, strict=True) if isinstance(found, UserError)]
        ),
        *_one_finding(
            too_short,
            Finding("short", "error", "shorter than 25 ms", "Remove them: they are too short to contain a sound."),
        ),
        *_one_finding(
            silent,
            Finding(
                "silent",
                "warning",
                f"silent (nothing is louder than {SILENT_DB:.0f} dBFS)",
                "Remove them, or give them a label for silence: otherwise their class is learned from nothing.",
            ),
        ),
        *_one_finding(
            short,
            Finding(
                "short",
                "warning",
                "shorter than 0.2 s",
                "Cut them again with more of the surrounding sound, if there is any.",
            ),
        ),
        *_one_finding(
            long,
            Finding(
                "long",
                "warning",
                f"longer than {LONGEST_S:g} s, and only their beginning is used",
                "Cut them into clips of up to ten seconds that contain the sound.",
            ),
        ),
        *_one_finding(
            clipped,
            Finding(
                "clipped",
                "warning",
                f"clipped ({MOST_FLAT_TOPS} or more peaks are cut off at full scale)",
                "If you can, record again at a lower level: the model may learn the distortion as the sound.",
            ),
        ),
    ]


def full_paths(paths: Sequence[Path]) -> tuple[str, ...]:
    """Absolute paths, so that another process opens the same files; each of them once."""
    return tuple(dict.fromkeys(os.path.abspath(path) for path in paths))


def _missing(missing: Sequence[Path], manifest: Manifest) -> list[Finding]:
    findings = list[Finding]()
    if missing:
        names = join_names([path.name for path in missing], 3)
        text = f"{count(len(missing), 'clip of the list is', 'clips of the list are')} missing: {names}."
        remedy = "Put the files back, or remove their lines from the list."
        findings.append(Finding("missing", "error", text, remedy, full_paths(missing)))
    if manifest.n_missing:
        clips = count(manifest.n_missing, "clip of the list is", "clips of the list are")
        text = f"{clips} not on this computer, such as "
        remedy = "Nothing to do: training uses the others."
        findings.append(Finding("missing", "note", f"{text}{join_names(manifest.missing)}.", remedy))
    return findings


def _unreadable(unreadable: Sequence[tuple[LabelledClip, UserError]]) -> list[Finding]:
    """One finding for each remedy, with all clips that it fixes."""
    by_remedy: dict[str, list[tuple[LabelledClip, UserError]]] = {}
    for clip, error in unreadable:
        by_remedy.setdefault(error.remedy, []).append((clip, error))
    findings = list[Finding]()
    for remedy, unread in by_remedy.items():
        problem = shown(unread[0][1].problem)
        if len(unread) > 1:
            problem = (
                f"{len(unread)} clips cannot be read: {_names([clip for clip, _ in unread])}. The first: {problem}"
            )
        findings.append(Finding("unreadable", "error", problem, remedy, full_paths([clip.path for clip, _ in unread])))
    return findings


def _one_finding(clips: Sequence[LabelledClip], what: Finding) -> list[Finding]:
    """`what` with its clips, and its text completed to a sentence; nothing without clips."""
    if not clips:
        return []
    text = f"{count(len(clips), 'clip is', 'clips are')} {what.text}: {_names(clips)}."
    return [Finding(what.kind, what.severity, text, what.remedy, full_paths([clip.path for clip in clips]))]


def _names(clips: Sequence[LabelledClip]) -> str:
    return join_names([clip.name for clip in clips], 3)
