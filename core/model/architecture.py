"""What a transformer looks like, as numbers. Builds nothing and imports no torch, so that menus know it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The architecture; stored in the checkpoint, from which the loader builds the model.

    max_frames: length of the position grid; longer inputs stretch it. stride_frames, stride_mels: patch strides
    (patches overlap by patch - stride). stem: "patch" is AST's linear patch embedding; "convolution" puts four
    3x3 convolutions of stride 2 in its place (16 x 16 stride 16; Xiao et al., arXiv:2106.14881); "residual" puts
    residual blocks there (32 mel bins x 16 frames a token, strides 32 and 16): a small CNN that the transformer reads.
    level: "absolute" takes the normalised log-mel as published; "window" also subtracts the mean of the whole window,
    so that a gain, which adds a constant to log-mel, changes nothing.
    pooling: "class_tokens" averages class and distillation token as published; "mean" averages the patches.
    norm_eps, head_norm_eps: LayerNorm's, as released; Hugging Face's models use 1e-12 for both.
    """

    n_labels: int
    n_mels: int = 128
    max_frames: int = 1024
    patch_size: int = 16
    stride_frames: int = 10
    stride_mels: int = 10
    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: float = 4.0
    stem: Literal["patch", "convolution", "residual"] = "patch"
    level: Literal["absolute", "window"] = "absolute"
    pooling: Literal["class_tokens", "mean"] = "class_tokens"
    norm_eps: float = 1e-6
    head_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        counts = (self.n_labels, self.n_mels, self.max_frames, self.patch_size, self.stride_frames, self.stride_mels)
        counts = (*counts, self.embed_dim, self.depth, self.num_heads)
        if not all(isinstance(count, int) and count >= 1 for count in counts) or not self.mlp_ratio > 0:
            raise UserError("An architecture's sizes are whole numbers from 1 on.", "Correct the config.")
        if self.embed_dim % self.num_heads:
            raise UserError(
                f"{self.embed_dim} channels cannot be shared by {self.num_heads} attention heads.",
                "Choose a width that is a multiple of the number of heads.",
            )
        if self.stem == "convolution" and {self.patch_size, self.stride_frames, self.stride_mels} != {16}:
            raise UserError("The convolutional stem has patches and strides of 16.", "Set all three to 16.")
        if self.stem == "residual" and (self.patch_size, self.stride_mels, self.stride_frames) != (16, 32, 16):
            raise UserError("The residual stem has patches of 16, strides of 32 bins and 16 frames.", "Set them so.")
        known = (("patch", "convolution", "residual"), ("class_tokens", "mean"), ("absolute", "window"))
        for choice, choices in zip((self.stem, self.pooling, self.level), known, strict=True):
            if choice not in choices:
                raise UserError(f"The architecture option {choice!r} is not known.", f"Use {' or '.join(choices)}.")
        if self.n_mels < self.patch_size or self.max_frames < self.patch_size:
            raise UserError("The input is smaller than one patch.", "Use at least 16 frames and 16 mel bins.")

    def grid(self, n_frames: int) -> tuple[int, int]:
        """Patch rows (frequency) and columns (time) of an input of `n_frames` frames."""
        if self.stem != "patch":  # each stride of 2 pads by half a kernel: halve and round up
            return -(-self.n_mels // self.stride_mels), -(-n_frames // self.stride_frames)
        rows, columns = (
            (length - self.patch_size) // stride + 1
            for length, stride in ((self.n_mels, self.stride_mels), (n_frames, self.stride_frames))
        )
        return rows, columns

    def n_patches(self, n_frames: int) -> int:
        """Patches of an input of `n_frames` frames."""
        rows, columns = self.grid(n_frames)
        return rows * columns
