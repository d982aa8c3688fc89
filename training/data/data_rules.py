"""Finds what makes data useless for training: rules that `soundmark check` reports and `soundmark train` enforces.

Each rule returns findings of severity "error"; `label_rules.refuse` raises them as a UserError. Faults of single clips
(missing, unreadable, too short) are reported where the clips are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.run.data_report import Finding
from training.data.manifest import LabelledClip, Manifest
from training.text import count, join_names


def learning_findings(manifest: Manifest) -> list[Finding]:
    """Only one class, classes with a single clip, clips of a single recording.

    With a published vocabulary, classes with few clips or none are accepted.
    """
    clips, labels = manifest.clips, manifest.labels
    if not clips:
        return []
    findings = list[Finding]()
    if len(labels) < 2 and all(clip.labels for clip in clips):
        remedy = "Add another class, such as background noise of the room."
        findings.append(Finding("tiny_class", "error", f"There is only one class, {labels.names[0]}.", remedy))
    n_clips = Counter(label for clip in clips for label in clip.labels)
    single = [] if manifest.has_own_vocabulary else [label.name for label in labels if n_clips[label.index] == 1]
    if single:
        text = f"{count(len(single), 'class has', 'classes have')} a single clip to learn from: {join_names(single)}."
        remedy = "Add clips of other recordings, up to ten or more, or remove these classes."
        findings.append(Finding("tiny_class", "error", text, remedy))
    return [*findings, *recording_findings(clips)]


def silence_findings(levels: Sequence[float]) -> list[Finding]:
    """An error if all clips are digital silence. levels: of the clips, in any unit; 0 is silence."""
    if not levels or any(levels):
        return []
    text = "Every clip is digital silence: there is nothing to learn from."
    return [Finding("silent", "error", text, "Check how the clips were recorded or exported.")]


def recording_findings(clips: Sequence[LabelledClip]) -> list[Finding]:
    """An error if all training clips are from one recording: then no clip can test what was learned from the others."""
    if not clips or len({clip.recording for clip in clips}) > 1:
        return []
    remedy = "Add clips of another recording, or correct the column that names them (group, source, speaker)."
    return [Finding("shared_source", "error", "All training clips are from one recording.", remedy)]
