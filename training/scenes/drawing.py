"""Draws the clips that scenes are mixed of: rare labels more often than their clips are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.clip_sounds import ClipSounds
from training.data.manifest import LabelledClip
from training.scenes.patch_scores import HEARD_FROM
from training.scenes.yamnet import Yamnet

_FEW_CLIPS = 20
"""A label with fewer clips is drawn by what the teacher hears, too: without that, scenes hold the sounds of labels that
no clip has only by chance, and the student hardly learns to follow its teacher there."""


class ClipDrawer:
    """Draws clips, each as often as its weight says, `(clips,)`."""

    def __init__(self, sounds: ClipSounds, weights: NDArray[np.float64]) -> None:
        self._sounds, self._weights = sounds, np.cumsum(weights)

    def __call__(self, rng: np.random.Generator) -> tuple[int, NDArray[np.float32]]:
        """A clip's index, and its samples `(n,)`."""
        place = rng.random() * self._weights[-1]
        clip = min(int(np.searchsorted(self._weights, place, side="right")), len(self._weights) - 1)
        return clip, self._sounds.samples_of(clip)


def clip_weights(
    targets: NDArray[np.float32], balance: float, sources: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """How often each clip is drawn, `(clips,)`: the rarest of its labels, with n clips, gives it n to the power of
    -balance; clips of no label count as one label.

    sources: `(clips,)`, the data set of each clip. What a label gets is shared among its sets by the same rule, so that
    one large set does not decide alone what a label sounds like.
    """
    counts = targets.sum(axis=0, dtype=np.float64)
    n_none = max(1, int((targets.sum(axis=1) == 0).sum()))
    by_label = np.where(targets > 0, counts[None, :], np.inf)
    # Clips of no label count as one more label.
    rarest = np.where(np.isfinite(by_label.min(axis=1)), by_label.argmin(axis=1), targets.shape[1])
    counts = np.append(counts, n_none)
    if sources is None:
        return counts[rarest] ** -balance
    n_in_set = np.zeros((targets.shape[1] + 1, int(sources.max()) + 1))
    np.add.at(n_in_set, (rarest, sources), 1.0)
    of_set = np.power(n_in_set, 1 - balance, where=n_in_set > 0, out=np.zeros_like(n_in_set))
    n_drawn_by_it = n_in_set.sum(axis=1)
    share = of_set / np.maximum(of_set.sum(axis=1, keepdims=True), 1e-9) / np.maximum(n_in_set, 1)
    return counts[rarest] ** -balance * n_drawn_by_it[rarest] * share[rarest, sources]


def sources_of(clips: Sequence[LabelledClip]) -> NDArray[np.int64]:
    """The data set of each clip, `(clips,)`, counted from 0: the folder that holds its file."""
    return np.unique([str(clip.path.parent) for clip in clips], return_inverse=True)[1].astype(np.int64)


def drawn_by_teacher(
    targets: NDArray[np.float32],
    sounds: ClipSounds,
    teacher: Yamnet,
    labels: NDArray[np.int64],
    classes: NDArray[np.int64],
) -> NDArray[np.float32]:
    """`targets` `(clips, labels)` with 1 also where the teacher hears a label that few clips have.

    labels, classes: the labels that the teacher knows, and its own classes for them, `(K,)`.
    """
    is_rare = targets[:, labels].sum(axis=0) < _FEW_CLIPS
    labels, classes = labels[is_rare], classes[is_rare]
    drawn_as = targets.copy()
    for clip in range(len(sounds)):
        heard = teacher.hear(sounds.samples_of(clip)).scores[:, classes].max(axis=0) >= HEARD_FROM
        drawn_as[clip, labels[heard]] = 1
    return drawn_as
