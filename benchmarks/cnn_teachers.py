"""How right CNN teachers are about ESC-50, each fold apart: a CNN from ImageNet, a head on YAMNet, and both.

    for k in 1 2 3 4 5; do soundmark train cnn-imagenet --data DATA/esc50 --out runs/cnn$k test_folds=$k; done
    uv run --no-sync benchmarks/cnn_teachers.py --data DATA/esc50 --yamnet DIR/yamnet.tflite \\
        --checkpoints 'runs/cnn{fold}/checkpoint'

The head is logistic regression on the mean and the maximum of the square roots of a clip's embeddings, fitted on the
other four folds, which also choose its penalty. Both: the mean of their probabilities.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.held_out_clips import score
from core.audio.decoding.decode import read_clip
from core.inference.tagger import Tagger, load_tagger
from core.model.format.probabilities import sigmoid
from training.data.manifest import LabelledClip, Manifest, read_manifest
from training.head_only.logistic_regression import FeatureRows, cross_validate, fit_head
from training.scenes.yamnet import SAMPLE_RATE, Yamnet

Scores = NDArray[np.float32]


def main() -> int:
    """Print the share of each fold's clips that each teacher has right, and the means."""
    parser = argparse.ArgumentParser(description="How right CNN teachers are about ESC-50, each fold apart.")
    parser.add_argument("--data", type=Path, required=True, help="ESC-50's folder")
    parser.add_argument("--yamnet", type=Path, required=True, help="the file yamnet.tflite")
    parser.add_argument("--checkpoints", required=True, help="the CNN of each fold: a path with {fold} in it")
    options = parser.parse_args()
    manifest = read_manifest(options.data)
    features = yamnet_features(manifest.clips, Yamnet(options.yamnet))
    print("| fold | CNN | YAMNet and a head | both |\n|---|---|---|---|")
    rows = []
    for fold in sorted({clip.fold for clip in manifest.clips}):
        cnn = cnn_scores(manifest, fold, load_tagger(options.checkpoints.format(fold=fold)))
        head = head_scores(manifest, fold, features)
        rows.append([right(manifest, fold, scores) for scores in (cnn, head, cnn + head)])
        print(row(fold, rows[-1]), flush=True)
    print(row("mean", np.mean(rows, axis=0).tolist()))
    return 0


def yamnet_features(clips: Sequence[LabelledClip], yamnet: Yamnet) -> Scores:
    """`(clips, 2048)`: the mean and the maximum over time of the square roots of each clip's embeddings."""
    heard = (np.sqrt(yamnet.hear(read_clip(clip.path, SAMPLE_RATE)).embeddings) for clip in clips)
    return np.stack([np.concatenate([roots.mean(axis=0), roots.max(axis=0)]) for roots in heard])


def cnn_scores(manifest: Manifest, fold: str, tagger: Tagger) -> Scores:
    """`(clips of the fold, labels)`: the probabilities of the manifest's labels."""
    places = {label.id: label.index for label in tagger.labels}
    columns = [places[label.id] for label in manifest.labels]
    return np.stack([score(clip, tagger)[columns] for clip in manifest.clips if clip.fold == fold])


def head_scores(manifest: Manifest, fold: str, features: Scores) -> Scores:
    """`(clips of the fold, labels)`: the probabilities of a head that the fold had no part in."""
    folds = np.array([clip.fold for clip in manifest.clips])
    tested = folds == fold
    folds = folds[~tested]
    targets = np.zeros((len(features), len(manifest.labels)), np.float32)
    for target, clip in zip(targets, manifest.clips, strict=True):
        target[list(clip.labels)] = 1.0
    rows = FeatureRows(features[~tested], targets[~tested], np.arange(len(folds)))
    head = fit_head(rows, cross_validate(rows, rows, folds).penalty)
    return sigmoid(head.logits(features[tested]))


def right(manifest: Manifest, fold: str, scores: Scores) -> float:
    """The share of the fold's clips whose highest label is their own, in percent."""
    own = [clip.labels for clip in manifest.clips if clip.fold == fold]
    return 100 * float(np.mean([best in labels for best, labels in zip(scores.argmax(axis=1), own, strict=True)]))


def row(name: str, shares: Sequence[float]) -> str:
    """A row of the table."""
    return f"| {name} | " + " | ".join(f"{share:.1f} %" for share in shares) + " |"


if __name__ == "__main__":
    sys.exit(main())
