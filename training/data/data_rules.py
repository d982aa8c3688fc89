"""What data must have so that a model can learn from them: one rule book, which `check` reports and `train` enforces.

Each rule gives findings of severity "error", and `label_rules.refuse` makes them the end of a run. Faults of single
clips (missing, unreadable, too short) are reported where clips are read. Opens no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.run.data_report import Finding
from training.data.manifest import LabelledClip, Manifest
from training.text import count, join_names


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
