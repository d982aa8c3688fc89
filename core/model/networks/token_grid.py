"""What a network makes of an input, as numbers: tokens per layer, and the moment of each column. Imports no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.merging.schedule import MergeSchedule, tokens_after_layers

FRAME_S = 0.025
"""What one log-mel frame hears."""
N_PREFIX_TOKENS = 2
"""Class and distillation token (DeiT); they come before the patches and never merge."""


def tokens_per_layer(config: ModelConfig, n_frames: int, merge: MergeSchedule) -> tuple[int, ...]:
    """Tokens entering the first block, then tokens leaving each block; a CNN has none: (0, 0)."""
    if not isinstance(config, TransformerConfig):
        return 0, 0
    n_patches = config.n_patches(max(n_frames, config.patch_frames))
    n_tokens = N_PREFIX_TOKENS + n_patches
    per_layer = merge.per_layer(config.depth, n_patches)
    return n_tokens, *tokens_after_layers(n_tokens, per_layer, N_PREFIX_TOKENS)


def column_times_s(config: TransformerConfig, n_frames: int) -> NDArray[np.float64]:
    """Seconds from the input's first sample to the centre of each column of patches, `(columns,)`.

    Column j of patches of p frames with stride s covers 10 s j to 10 (s j + p - 1) + 25 ms: centred on 100 j + 87.5 ms
    for 16 and 10. The convolutional stems pad both ends, so that their column j is centred on frame s j; the efficient
    one pads the end alone: frame s j + 15.
    """
    columns = config.grid(max(n_frames, config.patch_frames))[1]
    offset = {"patch": (config.patch_frames - 1) / 2, "efficient": config.stride_frames - 1.0}.get(config.stem, 0.0)
    centre_frames = np.arange(columns) * config.stride_frames + offset
    return centre_frames / FRAMES_PER_SECOND + FRAME_S / 2
