"""What a model is worth on held-out clips. Knows no model; numbers in, numbers out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score


def accuracy(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Share of clips whose highest score is their label. scores `(clips, labels)`, labels `(clips,)`."""
    return float((scores.argmax(axis=1) == labels).mean())


def mean_average_precision(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Macro mean over the labels that occur of scikit-learn's average precision (AST's mAP)."""
    present = np.unique(labels)
    return float(np.mean([average_precision_score(labels == one, scores[:, one]) for one in present]))


def bootstrap_interval(
    scores: NDArray[np.float32], labels: NDArray[np.int64], n_draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the accuracy when clips are drawn anew with replacement."""
    correct = scores.argmax(axis=1) == labels
    draws = np.random.default_rng(seed).integers(0, len(correct), (n_draws, len(correct)))
    low, high = np.percentile(correct[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def best_threshold(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """The one threshold for all labels with the highest micro F1, and that F1. Steps of 0.01."""
    truth = np.eye(probabilities.shape[1], dtype=bool)[labels]
    candidates = np.arange(0.05, 0.95, 0.01)
    scores = [float(f1_score(truth, probabilities >= one, average="micro")) for one in candidates]
    best = int(np.argmax(scores))
    return round(float(candidates[best]), 2), scores[best]
