"""A CNN for tagging: an image network from timm over log-mel, its feature map averaged, one linear layer.

The CNN of cross-model knowledge distillation (CMKD; Gong et al., arXiv:2203.06760): PSLA's EfficientNet with the mean
over time and frequency in place of the attention head. It has the interface of `AudioSpectrogramTransformer`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import UserError
from core.model.architecture import ConvolutionConfig
from core.model.merging.schedule import NO_MERGING, MergeSchedule

_SHORTEST = 32
"""Frames, after averaging; with fewer, the deepest feature map of most backbones has no column."""
_TRIED_FRAMES = 98
"""One second, which is a multiple of no stride: a backbone that accepts it accepts any length."""
_REMEDY = "Use an image CNN from timm, such as efficientnet_b0, resnet18 or mobilenetv3_large_100."


class ConvolutionalTagger(nn.Module):
    """Log-mel frames in, one logit per label out.

    drop_path: stochastic depth while training. The head is named like the transformer's, but has no norm.
    """

    def __init__(self, config: ConvolutionConfig, *, drop_path: float = 0.0) -> None:
        super().__init__()
        self.config = config
        width = feature_width(config.backbone)
        # Convolutions take a fifth less time with this memory layout (ResNet-18 on a CPU).
        self.backbone = _create(config.backbone, drop_path).to(memory_format=torch.channels_last)
        self.mlp_head = nn.Sequential(nn.Identity(), nn.Linear(width, config.n_labels))

    def forward(self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None) -> Tensor:
        """Logits `(B, labels)` of normalised log-mel `(B, T, mels)`; if fewer than 32 are left
        after averaging, the last one is repeated.

        merge, first_column: ignored, as a CNN has neither tokens nor positions.
        """
        return self.mlp_head(self.embed(log_mel, merge=merge, first_column=first_column))

    def embed(self, log_mel: Tensor, *, merge: MergeSchedule = NO_MERGING, first_column: int | None = None) -> Tensor:
        """What the head reads: the mean of the feature map over frequency and time, `(B, D)`."""
        del merge, first_column
        if self.config.level == "window":
            log_mel = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
        if self.config.averaged_frames > 1:
            log_mel = averaged(log_mel, self.config.averaged_frames)
        missing = _SHORTEST - log_mel.shape[1]
        if missing > 0:
            log_mel = torch.cat([log_mel, log_mel[:, -1:].expand(-1, missing, -1)], dim=1)
        image = log_mel.transpose(1, 2).unsqueeze(1)  # (B, 1, mels, T)
        image = image.contiguous(memory_format=torch.channels_last)
        return self.backbone(image).mean(dim=(2, 3))  # (B, D, rows, columns) to (B, D)

    def tokens_per_layer(self, n_frames: int, merge: MergeSchedule) -> tuple[int, ...]:
        """No tokens in, no tokens out."""
        del n_frames, merge
        return 0, 0


def averaged(log_mel: Tensor, n_frames: int) -> Tensor:
    """`(B, ceil(T / n_frames), mels)`: the mean of each `n_frames` neighbours of `(B, T, mels)`, or of what is left at
    the end."""
    return functional.avg_pool1d(log_mel.transpose(1, 2), n_frames, ceil_mode=True).transpose(1, 2)


@lru_cache
def feature_width(backbone: str) -> int:
    """Channels of the feature map of timm's `backbone`. Raises UserError if that is not a plain CNN for
    spectrograms of any length."""
    if not timm.is_model(backbone):
        raise UserError(f"timm has no model {backbone!r}.", _REMEDY)
    try:
        with torch.device("meta"), torch.no_grad():  # shapes without numbers
            features = _create(backbone).eval()(torch.empty(1, 1, 128, _TRIED_FRAMES))
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        raise UserError(
            f"{backbone} does not accept spectrograms ({str(error).strip() or 'size'}).", _REMEDY
        ) from error
    if not isinstance(features, Tensor) or features.ndim != 4 or features.shape[2] > features.shape[1]:
        raise UserError(
            f"{backbone} is not a plain CNN: its output is not a map of channels, rows and columns.", _REMEDY
        )
    return features.shape[1]


def _create(backbone: str, drop_path: float = 0.0) -> nn.Module:
    """timm's model for one input channel, without pooling and head."""
    options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
    try:
        return timm.create_model(backbone, pretrained=False, in_chans=1, num_classes=0, global_pool="", **options)
    except TypeError as error:
        if not drop_path:
            raise
        raise UserError(f"{backbone} has no stochastic depth.", "Set drop_path=0.") from error
