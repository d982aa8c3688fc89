"""Model and teacher are compared patch by patch, over whole clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.audio.log_mel import LogMelConfig
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import find_variant
from training.data.clip_sounds import ClipSounds
from training.scenes.patch_scores import patch_scores
from training.scenes.yamnet import HOP_SAMPLES, PATCH_SAMPLES, Taught


class Teacher:
    """Says how loud each patch is."""

    def hear(self, samples: np.ndarray) -> Taught:
        padded = np.pad(samples, (0, max(0, PATCH_SAMPLES - len(samples))))
        starts = range(0, len(padded) - PATCH_SAMPLES + 1, HOP_SAMPLES)
        loud = [[np.abs(padded[start : start + PATCH_SAMPLES]).max()] for start in starts]
        return Taught(np.array(loud, np.float32), np.zeros((len(loud), 4), np.float32))


def test_a_long_clip_is_heard_to_its_end(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = replace(find_variant("ast-tiny-16").with_labels(2), embed_dim=24, num_heads=3, depth=1, frame_head=True)
    network = build_network(config).eval()
    assert isinstance(network, AudioSpectrogramTransformer)
    samples = np.zeros(12 * 16_000)
    samples[11 * 16_000 :] = 0.5
    (tmp_path / "sounds.i16").write_bytes((np.concatenate([samples, samples[:8000]]) * 32767).astype("<i2").tobytes())
    sounds = ClipSounds(tmp_path / "sounds.i16", np.array([0, len(samples), len(samples) + 8000]))
    teacher: Any = Teacher()
    found = patch_scores(network, LogMelConfig(), sounds, teacher)
    of_window = 1 + (LogMelConfig().samples_for(1024) - PATCH_SAMPLES) // HOP_SAMPLES
    of_rest = 1 + (len(samples) - LogMelConfig().samples_for(1024) - PATCH_SAMPLES) // HOP_SAMPLES
    assert len(found.teacher) == of_window + of_rest + 1
    assert found.model.shape == (len(found.teacher), 2)
    assert found.teacher[-2, 0] > 0.4 > found.teacher[0, 0]
    assert ((found.model > 0) & (found.model < 1)).all()
