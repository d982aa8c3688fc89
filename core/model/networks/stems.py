"""Turns a spectrogram into a grid of tokens: linear patches, or one of three convolutional stems."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import timm
import torch.nn.functional as F
from timm.layers.conv_bn_act import ConvNormAct
from torch import Tensor, nn

from core.model.architecture import TransformerConfig


class PatchEmbedding(nn.Module):
    """Patches of the spectrogram, 16 x 16 as published, through one linear layer (AST, §2.1)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        patch, strides = (config.patch_mels, config.patch_frames), (config.stride_mels, config.stride_frames)
        self.proj = nn.Conv2d(1, config.embed_dim, kernel_size=patch, stride=strides)

    def forward(self, image: Tensor) -> Tensor:
        """`(B, 1, mels, frames)` to `(B, D, rows, columns)`."""
        return self.proj(image)


class ConvolutionStem(nn.Module):
    """Four convolutions of stride 2, then a linear layer: a patch embedding that learns from few clips."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        widths = [1, *(config.embed_dim // share for share in (8, 4, 2, 1))]
        self.convolutions = nn.Sequential(
            *(ConvNormAct(n_in, n_out, kernel_size=3, stride=2, padding=1) for n_in, n_out in pairwise(widths))
        )
        self.proj = nn.Conv2d(config.embed_dim, config.embed_dim, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """`(B, 1, mels, frames)` to `(B, D, rows, columns)`."""
        return self.proj(self.convolutions(image))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., arXiv:1512.03385; the shortcut averages before its 1x1
    convolution, arXiv:1812.01187 §4.1, so that no cell is skipped)."""

    def __init__(self, n_in: int, n_out: int, stride: tuple[int, int]) -> None:
        super().__init__()
        # timm declares one stride; its convolution takes a pair.
        self.conv1 = ConvNormAct(n_in, n_out, kernel_size=3, stride=stride, padding=1)  # pyright: ignore[reportArgumentType]
        self.conv2 = ConvNormAct(n_out, n_out, kernel_size=3, padding=1, apply_act=False)
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(stride, stride, ceil_mode=True), ConvNormAct(n_in, n_out, kernel_size=1, apply_act=False)
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, n_in, rows, columns)` to `(B, n_out, …)`, each axis divided by its stride, rounded up."""
        return self.act(self.conv2(self.conv1(x)) + self.shortcut(x))


class ResidualStem(nn.Module):
    """A 5x5 convolution and four residual blocks: 32 mel bins and 16 frames become one token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.embed_dim
        widths = (width // 6, width // 3, 2 * width // 3, width, width)
        strides = ((2, 2), (2, 2), (2, 2), (2, 1))
        self.entry = ConvNormAct(1, widths[0], kernel_size=5, stride=2, padding=2)
        self.residual = nn.Sequential(
            *(ResidualBlock(*pair, stride) for pair, stride in zip(pairwise(widths), strides, strict=True))
        )
        self.proj = nn.Conv2d(width, width, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """`(B, 1, mels, frames)` to `(B, D, rows, columns)`."""
        return self.proj(self.residual(self.entry(image)))


EFFICIENT_BACKBONE = "tf_efficientnet_lite0"
"""timm's name of the CNN whose first stages are the efficient stem."""
_EFFICIENT_STAGES, _EFFICIENT_WIDTH, _EFFICIENT_STRIDE = 5, 112, 16


class EfficientStem(nn.Module):
    """EfficientNet-Lite0's stages up to stride 16, which ImageNet weights exist for, then a linear layer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        cnn: Any = timm.create_model(EFFICIENT_BACKBONE, pretrained=False, in_chans=1, num_classes=0, global_pool="")
        self.conv_stem, self.bn1, self.blocks = cnn.conv_stem, cnn.bn1, cnn.blocks[:_EFFICIENT_STAGES]
        self.proj = nn.Conv2d(_EFFICIENT_WIDTH, config.embed_dim, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """`(B, 1, mels, frames)` to `(B, D, rows, columns)`.

        The end is padded to whole columns: the "same" padding of this CNN is then one-sided at every stride, so that
        column j is always centred on frame 16 j + 15.
        """
        image = F.pad(image, (0, -image.shape[-1] % _EFFICIENT_STRIDE))
        return self.proj(self.blocks(self.bn1(self.conv_stem(image))))


STEMS: dict[str, type[PatchEmbedding | ConvolutionStem | ResidualStem | EfficientStem]] = {
    "patch": PatchEmbedding,
    "convolution": ConvolutionStem,
    "residual": ResidualStem,
    "efficient": EfficientStem,
}
