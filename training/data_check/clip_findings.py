"""What is wrong with single clips, in words: missing, unreadable, silent, short, long, clipped. Opens no file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from core.file_names import shown
from core.run.data_report import Finding
from training.data.manifest import LabelledClip, Manifest
from training.data_check.clip_survey import SILENT_DB, ClipSurvey
from training.text import count, listed

SHORTEST_S, SHORT_S, LONGEST_S = 0.025, 0.2, 10.24
"""One frame of log-mel; what is under a word or a click with its surroundings; what training keeps of a clip."""

MOST_FLAT_TOPS = 10
"""A clip with as many waves cut off at full scale counts as clipped."""


def clip_findings(
    missing: Sequence[Path], manifest: Manifest, surveys: Sequence[ClipSurvey | UserError]
) -> list[Finding]:
    """One finding for each fault, with all clips that have it. surveys: of the manifest's clips, in their order."""
    clips = manifest.clips
    heard = [(clip, one) for clip, one in zip(clips, surveys, strict=True) if isinstance(one, ClipSurvey)]
    too_short = [clip for clip, one in heard if one.duration_s < SHORTEST_S]
    short = [clip for clip, one in heard if SHORTEST_S <= one.duration_s < SHORT_S]
    long = [clip for clip, one in heard if one.duration_s > LONGEST_S]
    silent = [clip for clip, one in heard if one.is_silent and one.duration_s >= SHORTEST_S]
    clipped = [clip for clip, one in heard if one.n_flat_tops >= MOST_FLAT_TOPS]
    return [
        *_missing(missing, manifest),
        *_unreadable([(clip, one) for clip, one in zip(clips, surveys, strict=True) if isinstance(one, UserError)]),
        *_one_finding(
            too_short,
            Finding("short", "error", "shorter than 25 ms", "Remove them: there is nothing in them to learn from."),
        ),
        *_one_finding(
            silent,
            Finding(
                "silent",
                "warning",
                f"silent (nothing reaches {SILENT_DB:.0f} dBFS)",
                "Remove them, or give them the label of silence: else their class is learned from nothing.",
            ),
        ),
        *_one_finding(
            short,
            Finding(
                "short", "warning", "shorter than 0.2 s", "Cut them anew with more of the sound around, if there is."
            ),
        ),
        *_one_finding(
            long,
            Finding(
                "long",
                "warning",
                f"longer than {LONGEST_S:g} s, and only their beginning is used",
                "Cut them into clips of up to ten seconds in which the sound is heard.",
            ),
        ),
        *_one_finding(
            clipped,
            Finding(
                "clipped",
                "warning",
                f"clipped ({MOST_FLAT_TOPS} or more waves cut off at full scale)",
                "Record them again at a lower level, if you can: the model may learn the distortion for the sound.",
            ),
        ),
    ]


def full_paths(paths: Sequence[Path]) -> tuple[str, ...]:
    """As findings carry them: absolute, so that another process opens the same files, and each once."""
    return tuple(dict.fromkeys(os.path.abspath(path) for path in paths))


def _missing(missing: Sequence[Path], manifest: Manifest) -> list[Finding]:
    findings = list[Finding]()
    if missing:
        names = listed([path.name for path in missing], 3)
        text = f"{count(len(missing), 'listed clip is', 'listed clips are')} not there: {names}."
        remedy = "Bring them back, or take their lines out of the list."
        findings.append(Finding("missing", "error", text, remedy, full_paths(missing)))
    if manifest.n_missing:
        text = f"{count(manifest.n_missing, 'listed clip is', 'listed clips are')} not there, such as "
        remedy = "Nothing need be done: the others are trained on."
        findings.append(Finding("missing", "note", f"{text}{listed(manifest.missing)}.", remedy))
    return findings


def _unreadable(unreadable: Sequence[tuple[LabelledClip, UserError]]) -> list[Finding]:
    """One finding for each way to fix it."""
    by_remedy: dict[str, list[tuple[LabelledClip, UserError]]] = {}
    for clip, error in unreadable:
        by_remedy.setdefault(error.remedy, []).append((clip, error))
    findings = list[Finding]()
    for remedy, these in by_remedy.items():
        problem = shown(these[0][1].problem)
        if len(these) > 1:
            problem = f"{len(these)} clips cannot be read: {_names([clip for clip, _ in these])}. The first: {problem}"
        findings.append(Finding("unreadable", "error", problem, remedy, full_paths([clip.path for clip, _ in these])))
    return findings


def _one_finding(clips: Sequence[LabelledClip], what: Finding) -> list[Finding]:
    """`what` with its clips, its text made a sentence; none without a clip."""
    if not clips:
        return []
    text = f"{count(len(clips), 'clip is', 'clips are')} {what.text}: {_names(clips)}."
    return [Finding(what.kind, what.severity, text, what.remedy, full_paths([clip.path for clip in clips]))]


def _names(clips: Sequence[LabelledClip]) -> str:
    return listed([clip.name for clip in clips], 3)
