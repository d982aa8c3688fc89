"""What data must have so that a model can learn from them: one rule book, which `check` tells and `train` enforces.

Each rule gives findings of severity "error", and `refuse` makes them the end of a run. Faults of single clips (missing,
unreadable, too short) are told where clips are read. Opens no file.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import UserError
from core.labels import LabelSet, look_of
from core.run.data_report import Finding
from training.text import count, join_names

if TYPE_CHECKING:
    from training.data.manifest import LabelledClip, Manifest


def refuse(findings: Sequence[Finding]) -> None:
    """Raise UserError for what the rules found: all of it, with what to do about the first."""
    if findings:
        raise UserError(" ".join(one.text for one in findings), findings[0].remedy)


def look_alike_findings(labels: LabelSet) -> list[Finding]:
    """Labels that differ in capitals, in spaces and underscores, or in how their accents are stored, and in nothing
    else: to people they are one label, to a model two."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[look_of(label.id)].append(label.id)
    sets = [ids for ids in alike.values() if len(ids) > 1]
    if not sets:
        return []
    named = join_names([" and ".join(map(_quoted, ids)) for ids in sets], 5)
    remedy = (
        "Give them one spelling, in the list or as the name of one folder. If they mean different sounds, give them "
        "names that differ in more than capitals, spaces, underscores and the way accents are stored."
    )
    return [Finding("look_alike", "error", f"These labels look the same to people: {named}.", remedy)]


def _quoted(label: str) -> str:
    is_apart = unicodedata.normalize("NFC", label) != label
    return f"“{label}”{' (its accents stored apart, as macOS does)' if is_apart else ''}"


def learning_findings(manifest: Manifest) -> list[Finding]:
    """One class alone, classes of a single clip, clips of a single recording. A class that a published vocabulary has
    and these clips have not, or once only, is its maker's business."""
    clips, labels = manifest.clips, manifest.labels
    if not clips:
        return []
    findings = list[Finding]()
    if len(labels) < 2 and all(clip.labels for clip in clips):
        remedy = "Add another one, such as the sounds of the room when nothing is to be heard."
        findings.append(Finding("tiny_class", "error", f"There is one class only, {labels.names[0]}.", remedy))
    n_clips = Counter(label for clip in clips for label in clip.labels)
    single = [] if manifest.has_own_vocabulary else [label.name for label in labels if n_clips[label.index] == 1]
    if single:
        text = f"{count(len(single), 'class has', 'classes have')} a single clip to learn from: {join_names(single)}."
        remedy = "Add clips of other recordings, ten or more in all, or remove these classes."
        findings.append(Finding("tiny_class", "error", text, remedy))
    return [*findings, *recording_findings(clips)]


def silence_findings(levels: Sequence[float]) -> list[Finding]:
    """Nothing but digital silence. levels: of the clips, 0 for silence, in any unit."""
    if not levels or any(levels):
        return []
    text = "Every clip is digital silence: there is nothing to learn from."
    return [Finding("silent", "error", text, "Check how the clips were recorded or exported.")]


def recording_findings(clips: Sequence[LabelledClip]) -> list[Finding]:
    """Clips to learn from that are all of one recording: no part of them can tell how well the others are learnt."""
    if not clips or len({clip.recording for clip in clips}) > 1:
        return []
    remedy = "Add clips of another one, or correct what says of which recording (group, source, speaker) each is."
    return [Finding("shared_source", "error", "All clips to learn from are of one recording.", remedy)]
