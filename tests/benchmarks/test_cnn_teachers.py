"""The head on a fold never learns from it, and scores are judged against the fold's own clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cnn_teachers import head_scores, right, row
from core.labels import LabelSet
from training.data.manifest import LabelledClip, Manifest

LABELS = LabelSet.from_ids(["dog", "rain"])


def manifest(labels: Sequence[int], folds: Sequence[str]) -> Manifest:
    clips = [
        LabelledClip(Path(f"{i}.wav"), (label,), fold, group="")
        for i, (label, fold) in enumerate(zip(labels, folds, strict=True))
    ]
    return Manifest("made", tuple(clips), LABELS, ())


def test_the_head_learns_from_the_other_folds_alone() -> None:
    own = np.arange(40) % 2
    data = manifest(own.tolist(), [str(i // 2 % 5 + 1) for i in range(40)])
    features = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    features[:, 0] = 8.0 * own
    assert right(data, "1", head_scores(data, "1", features)) == 100.0
    tested = np.array([clip.fold == "1" for clip in data.clips])
    features[tested, 0] = 8.0 - features[tested, 0]  # in fold 1 alone it is the other way round
    scores = head_scores(data, "1", features)
    assert scores.shape == (8, 2)
    assert right(data, "1", scores) == 0.0


def test_a_row_of_the_table() -> None:
    assert row("5", [76.25, 83.0]) == "| 5 | 76.2 % | 83.0 % |"


def test_the_highest_label_counts() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    data = manifest([0, 1], ["1", "1"])
    assert right(data, "1", scores) == pytest.approx(50.0)
