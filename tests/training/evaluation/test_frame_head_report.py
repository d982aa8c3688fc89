"""The frame head's scores of held-out clips ignore the padding."""

from __future__ import annotations

import numpy as np
import torch

from core.audio.log_mel import LogMelConfig
from core.model.architecture import TransformerConfig
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from tests.training.runs import clips_in_memory
from training.evaluation.frame_head_report import pooled_scores
from training.model.zero_padding import ZeroPadding


def test_zero_frames_have_no_say_in_what_is_pooled() -> None:
    torch.manual_seed(0)
    config = TransformerConfig(*(2, 64, 120), stride_mels=16, embed_dim=24, depth=2, num_heads=2, frame_head=True)
    model, zeros = AudioSpectrogramTransformer(config).eval(), ZeroPadding(120, 0.25)
    assert model.frame_head is not None
    torch.nn.init.normal_(model.frame_head[1].weight)  # pyright: ignore[reportArgumentType]
    log_mel = torch.randn(6, 60, 64)
    clips = clips_in_memory(list(log_mel.numpy().astype(np.float16)), np.zeros((6, 2), np.float32))
    pooled = pooled_scores(model, clips, LogMelConfig(n_mels=64, mean=0.0, std=0.5), 4, zeros)
    with torch.inference_mode():
        logits = model.frame_logits(zeros.pad(log_mel.half().float()))[:, : len(column_times_s(config, 60))]
        p = logits.sigmoid()
    np.testing.assert_allclose(pooled, ((p**2).sum(dim=1) / p.sum(dim=1)).numpy(), atol=1e-5)
