"""What a model and its teacher say of the same patches of held-out clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.log_mel import LogMel, LogMelConfig
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from training.data.clip_sounds import ClipSounds
from training.scenes.patches import patch_columns
from training.scenes.yamnet import HOP_S, PATCH_S, Yamnet

HEARD_FROM = 0.3
"""The teacher hears a class from this score on."""


@dataclass(frozen=True, slots=True)
class PatchScores:
    """Scores of the patches of all clips, one after the other."""

    model: NDArray[np.float32]
    """The highest probability of the columns in each patch, `(patches, labels)`."""
    teacher: NDArray[np.float32]
    """`(patches, classes)`."""


@torch.inference_mode()
def patch_scores(
    network: AudioSpectrogramTransformer, log_mel: LogMelConfig, sounds: ClipSounds, teacher: Yamnet
) -> PatchScores:
    """Both models' scores of whole clips, in the teacher's own patches: 0.975 s, one every 0.48 s.

    network: with a frame head, in evaluation mode; it hears a long clip in full windows.
    """
    front_end, most = LogMel(log_mel), log_mel.samples_for(network.config.max_frames)
    mine: list[NDArray[np.float32]] = []
    theirs: list[NDArray[np.float32]] = []
    for index in range(len(sounds)):
        whole = sounds.samples_of(index)
        for first in range(0, len(whole), most):
            samples = whole[first : first + most]
            frames = front_end(samples)
            if not len(frames):
                continue
            scores = teacher.hear(samples).scores
            batch = torch.from_numpy(log_mel.normalise(frames)).unsqueeze(0)
            columns = network.frame_logits(batch)[0].sigmoid().numpy()
            mine.append(_highest(columns, column_times_s(network.config, len(frames)), len(scores)))
            theirs.append(scores)
    return PatchScores(np.concatenate(mine), np.concatenate(theirs))


def _highest(columns: NDArray[np.float32], times_s: NDArray[np.float64], n_patches: int) -> NDArray[np.float32]:
    inside = patch_columns(torch.from_numpy(times_s), n_patches, PATCH_S, HOP_S).numpy()
    return np.stack([columns[members].max(axis=0) for members in inside])
