"""How often a model is right about held-out clips of the everyday collection: ESC-50's fifty classes, and speech.

    uv run --no-sync benchmarks/held_out_clips.py --data DATA [--model starter]

DATA holds the sets of the collection. A clip goes in whole, as a file does. Among the fifty: the highest of the fifty
labels is the clip's. Among all: the highest of all labels is the clip's own or one below it; names above it in
AudioSet's tree (an Animal for a Dog) are left aside. Speech: the same, over speakers that no training clip has.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.audio.decoding.decode import read_clip
from core.audio.log_mel import LogMel
from core.inference.tagger import Tagger, load_tagger
from core.label_tree import label_tree
from core.labels import LabelSet
from training.data.manifest import LabelledClip, Manifest, read_manifest

TEST_FOLD, SPEECH = "5", "/m/09x0r"


def main() -> int:
    """Print the three shares, and how many clips each is of."""
    parser = argparse.ArgumentParser(description="How often a model is right about held-out clips.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the collection's sets")
    parser.add_argument("--model", default="starter", help="a model's name or checkpoint")
    options = parser.parse_args()
    manifest, tagger = read_manifest(options.data, "everyday"), load_tagger(options.model)
    of_esc50 = [clip for clip in manifest.clips if "esc50" in clip.path.parts]
    own = [lowest_label(clip, manifest.labels) for clip in of_esc50]
    tests = [(clip, label) for clip, label in zip(of_esc50, own, strict=True) if clip.fold == TEST_FOLD]
    scored = [(score(clip, tagger), label) for clip, label in tests]
    print(f"ESC-50, fold 5, among its fifty: {share([right_among(tagger, *clip, own) for clip in scored])}")
    print(f"ESC-50, fold 5, among all labels: {share([right_of_all(tagger, *clip) for clip in scored])}")
    speech = [clip for clip in spoken_clips(manifest) if clip.fold == TEST_FOLD]
    print(f"Speech on top: {share([right_of_all(tagger, score(clip, tagger), SPEECH) for clip in speech])}")
    return 0


def lowest_label(clip: LabelledClip, labels: LabelSet) -> str:
    """The id of the one of a clip's labels that none of its others is a kind of."""
    above = {parent for label in clip.labels for parent in labels[label].parents}
    [lowest] = [labels[label].id for label in clip.labels if labels[label].id not in above]
    return lowest


def spoken_clips(manifest: Manifest) -> list[LabelledClip]:
    """Clips in which somebody speaks, of all sets but ESC-50."""
    speech = next(label.index for label in manifest.labels if label.id == SPEECH)
    return [clip for clip in manifest.clips if speech in clip.labels and "esc50" not in clip.path.parts]


def score(clip: LabelledClip, tagger: Tagger) -> NDArray[np.float32]:
    """The model's probabilities for a clip's first 10.24 s."""
    frames = LogMel(tagger.log_mel)(read_clip(clip.path, tagger.log_mel.sample_rate))
    return tagger.tag(frames[: tagger.window_frames]).probabilities


def right_among(tagger: Tagger, scores: NDArray[np.float32], label: str, ids: Sequence[str]) -> bool:
    """Whether the highest of the labels `ids` is `label`; those that the model lacks cannot be."""
    places = {known.id: known.index for known in tagger.labels}
    known = sorted({places[name] for name in ids if name in places})
    return label in places and known[int(scores[known].argmax())] == places[label]


def right_of_all(tagger: Tagger, scores: NDArray[np.float32], label: str) -> bool:
    """Whether the highest label, names above `label` aside, is `label` or one below it."""
    places = {known.id: known.index for known in tagger.labels}
    if label not in places:
        return False
    tree, ranked = label_tree(tagger.labels), scores.copy()
    ranked[list(tree.above[places[label]])] = -1.0
    best = int(ranked.argmax())
    return best == places[label] or best in tree.below[places[label]]


def share(right: Sequence[bool]) -> str:
    """`80.5 % of 400`."""
    return f"{100 * float(np.mean(right)):.1f} % of {len(right)}"


if __name__ == "__main__":
    sys.exit(main())
