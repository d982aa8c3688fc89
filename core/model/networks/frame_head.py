"""The frame head, a second head that says when each label sounds, and the time of each of its columns.

All patches in a column cover the same moment: their tokens are averaged over the frequency rows, and a linear layer
gives one logit per label and column. It is optional, and trained on labels of whole clips (see
`training.model.frame_head_loss`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.model.architecture import TransformerConfig

FRAME_S = 0.025
"""What one log-mel frame hears."""


class FrameHead(nn.Sequential):
    """Norm and linear layer, like the head for whole clips."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(
            nn.LayerNorm(config.embed_dim, eps=config.head_norm_eps), nn.Linear(config.embed_dim, config.n_labels)
        )

    def forward(self, input: Tensor) -> Tensor:  # nn.Sequential's name for it
        """Logits `(B, columns, labels)` of columns' tokens, averaged over their rows, `(B, columns, D)`."""
        norm, linear = self
        return linear(norm(input))


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
