"""The frame head, a second head that says when each label sounds. `token_grid` has the times of its columns.

All patches in a column cover the same moment: their tokens are averaged over the frequency rows, and a linear layer
gives one logit per label and column. It is optional, and trained on labels of whole clips (see
`training.model.frame_head_loss`).
"""

from __future__ import annotations

from torch import Tensor, nn

from core.model.architecture import TransformerConfig


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
