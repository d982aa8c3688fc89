"""Measures a trained frame head on held-out clips and writes what the model card says of it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from training.batches.sampling import evaluation_batches
from training.data.clip_frames import ClipFrames
from training.evaluation.metrics import mean_average_precision
from training.model.frame_head_loss import linear_softmax
from training.model.zero_padding import ZeroPadding


def frame_head_notes(
    model: Network,
    clips: ClipFrames | None,
    log_mel: LogMelConfig,
    batch_size: int,
    padding: ZeroPadding,
    *,
    from_scenes: bool = False,
) -> tuple[str, ...]:
    """What the card says of the frame head; nothing without one. clips: the held-out ones. padding: behind them.
    from_scenes: it has learnt from mixed scenes."""
    if not isinstance(model, AudioSpectrogramTransformer) or model.frame_head is None:
        return ()
    source = "mixed scenes, whose times are known" if from_scenes else "labels of whole clips"
    words = f"Its frame head tells when (`soundmark tag --frames`); it has learnt from {source}"
    if clips is not None:
        score = mean_average_precision(pooled_scores(model, clips, log_mel, batch_size, padding), clips.targets)
        words += f", and pooled over the held-out clips its mAP is {score:.3f}"
    return (f"{words}. How exactly it places onsets and offsets has not been measured.",)


def pooled_scores(
    model: AudioSpectrogramTransformer, clips: ClipFrames, log_mel: LogMelConfig, batch_size: int, padding: ZeroPadding
) -> NDArray[np.float32]:
    """The frame head's probability of each clip, `(clips, labels)`; columns of `padding` have no say."""
    scores = np.zeros((len(clips), clips.targets.shape[1]), np.float32)
    device = next(model.parameters()).device
    with torch.inference_mode():
        for batch in evaluation_batches(clips, log_mel, batch_size):
            n_columns = len(column_times_s(model.config, batch.log_mel.shape[1]))
            logits = model.frame_logits(padding.pad(batch.log_mel.to(device)))[:, :n_columns]
            log_y, _ = linear_softmax(logits, torch.ones_like(logits, dtype=torch.bool))
            scores[batch.clips.numpy()] = log_y.exp().cpu().numpy()
    return scores
