"""When something sounds: a second head on the patch tokens, and the time of each of its answers. Knows no merging.

All patches of one column hear the same moment: their tokens are averaged over the frequency rows, and one linear layer
gives a logit a label and column. It is trained on labels of whole clips (see `training.model.frame_head_loss`), or left
out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.log_mel import FRAMES_PER_SECOND
from core.model.architecture import TransformerConfig

FRAME_S = 0.025
"""What one log-mel frame hears."""


class FrameHead(nn.Sequential):
    """Norm and linear layer, as the head for whole clips has them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(
            nn.LayerNorm(config.embed_dim, eps=config.head_norm_eps), nn.Linear(config.embed_dim, config.n_labels)
        )

    def forward(self, input: Tensor) -> Tensor:  # nn.Sequential's own name
        """Logits `(B, columns, labels)` of the patches' tokens on their grid, `(B, rows, columns, D)`."""
        return super().forward(input.mean(dim=1))


def column_times_s(config: TransformerConfig, n_frames: int) -> NDArray[np.float64]:
    """Seconds from the input's first sample to the centre of what each column of patches hears, `(columns,)`.

    A patch of p frames, stride s, hears from 10 s j to 10 (s j + p - 1) + 25 ms: with 16 and 10, 100 j + 87.5 ms. The
    convolutional stems pad both ends, so that what their column j hears is centred on frame s j.
    """
    columns = config.grid(max(n_frames, config.patch_frames))[1]
    reach = config.patch_frames - 1 if config.stem == "patch" else 0
    centre_frames = np.arange(columns) * config.stride_frames + reach / 2
    return centre_frames / FRAMES_PER_SECOND + FRAME_S / 2
