"""Computes a frozen backbone's features of whole clips and of augmented views of them.

Clips are never joined or mixed in a view, because cross-validation has to keep them in separate folds. A view that is
longer than its clip contains the clip in silence, as a live window does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import SILENCE, LogMelConfig
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import Network
from training.batches import augment
from training.batches.augmentation_chain import AugmentationChain
from training.batches.sampling import Batch, evaluation_batches
from training.batches.seeding import generator_for
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames
from training.head_only.logistic_regression import BACKGROUND

_CUTS = 3
_SHARE_OF_SILENCE = 0.25
"""Of the background views are silent; the others are noise."""


class ClipViews:
    """Augmented views of clips, determined by round and batch alone.

    Each round has a view of every clip, cut to one of the recipe's lengths and augmented by the recipe, and
    `background` views of noise or silence for every clip.
    """

    def __init__(self, clips: ClipFrames, config: TrainConfig, log_mel: LogMelConfig) -> None:
        self._clips, self._config, self._log_mel = clips, config, log_mel
        self._chain = AugmentationChain(replace(config.augmentation, mixup=0.0, overlay=0.0, background=0.0), log_mel)

    def __len__(self) -> int:
        """Batches per round."""
        return math.ceil(len(self._clips) / self._config.optimisation.batch_size)

    def batch(self, in_round: int, index: int) -> Batch:
        """One batch of a round (from 1): views of clips, followed by the background, whose clip is BACKGROUND."""
        config = self._config
        generator = generator_for(config.running.seed, "views", in_round, index)
        order = torch.randperm(len(self._clips), generator=generator_for(config.running.seed, "round", in_round))
        indices = order.tensor_split(len(self))[index]
        choice = int(torch.multinomial(torch.tensor(config.augmentation.length_weights), 1, generator=generator))
        n_frames = round(config.augmentation.lengths_s[choice] * FRAMES_PER_SECOND)
        n_background = math.ceil(config.augmentation.background * len(indices))
        cuts = [self._window(int(clip), n_frames, generator) for clip in indices]
        nothing = torch.full((n_background, n_frames, self._log_mel.n_mels), SILENCE)
        x = torch.cat([torch.stack(cuts), nothing])
        targets = np.pad(self._clips.targets[indices.numpy()], ((0, n_background), (0, 0)))
        x, y = self._chain(x, torch.from_numpy(targets), 1.0, generator)
        is_silent = torch.rand(n_background, generator=generator) < _SHARE_OF_SILENCE
        x[len(indices) :][is_silent] = SILENCE
        x = self._chain.after_normalisation((x - self._log_mel.mean) / (2 * self._log_mel.std), generator)
        return Batch(x, y, torch.cat([indices, torch.full((n_background,), BACKGROUND)]))

    def _window(self, clip: int, n_frames: int, generator: Generator) -> Tensor:
        """`(n_frames, mels)`: the loudest of three random cuts of the clip, or a short clip in silence."""
        frames = torch.from_numpy(self._clips.frames_of(clip).astype(np.float32))
        if len(frames) <= n_frames:
            return augment.fill_short(frames, n_frames, generator)
        starts = torch.randint(len(frames) - n_frames + 1, (_CUTS,), generator=generator).tolist()
        return max(
            (frames[start : start + n_frames] for start in starts), key=lambda cut: float(cut.mean(dim=1).amax())
        )


def embed(model: Network, log_mel: Tensor, merge: MergeSchedule = NO_MERGING) -> NDArray[np.float32]:
    """The last layer's input `(B, D)` for normalised log-mel `(B, T, mels)`: the pooled tokens after its norm."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        return model.mlp_head[0](model.embed(log_mel.to(device), merge=merge)).float().cpu().numpy()


def whole_clips(
    model: Network,
    clips: ClipFrames,
    log_mel: LogMelConfig,
    batch_size: int,
    merge: MergeSchedule = NO_MERGING,
    first: int = 0,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yields (indices of clips, their features) for each batch from `first` on; clips are whole and unchanged, as in an
    evaluation."""
    for batch in itertools.islice(evaluation_batches(clips, log_mel, batch_size), first, None):
        yield batch.clips.numpy(), embed(model, batch.log_mel, merge)
