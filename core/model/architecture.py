"""Architectures as plain numbers. Imports no torch, so that menus can show them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.bounds import MOST_FRAMES, MOST_LABELS, MOST_MELS, MOST_WIDTH, check_number, check_text, check_whole
from core.errors import UserError

_MOST_LAYERS, _MOST_PATCHES = 256, 200_000
"""Published models have at most 24 layers and 1212 patches; strides of 1 give 114 017 patches of 128 x 1024."""
_LONGEST_KERNEL, _LARGEST_RATIO = 1023, 64.0
_HIGHEST = {
    "n_labels": MOST_LABELS,
    "n_mels": MOST_MELS,
    "max_frames": MOST_FRAMES,
    "patch_mels": MOST_MELS,
    "patch_frames": MOST_FRAMES,
    "stride_mels": MOST_MELS,
    "stride_frames": MOST_FRAMES,
    "embed_dim": MOST_WIDTH,
    "depth": _MOST_LAYERS,
    "num_heads": MOST_WIDTH,
}

_MOST_AVERAGED = 16


@dataclass(frozen=True, slots=True)
class HybridConfig:
    """What HAM-AST has between the transformer blocks and the last norm (see `hybrid_attention`)."""

    n_conformers: int = 0
    """Number of Conformer blocks."""
    channel_attention: bool = False
    """Whether max and mean pooling weight the channels after them."""
    axis: Literal["time", "sequence", "grid"] = "time"
    """What the Conformers' depthwise convolution runs along: "time" within each row of patches, the "sequence" of all
    tokens with the class tokens, or the "grid" in two dimensions."""
    kernel: int = 15
    """Length of that convolution in tokens, odd."""
    width: int = 0
    """Width of the Conformer blocks; 0 for the transformer's own."""

    def __post_init__(self) -> None:
        if self.axis not in ("time", "sequence", "grid"):
            raise UserError(f"Conformers cannot run along {self.axis!r}.", "Use time, sequence or grid.")
        check_whole("n_conformers", self.n_conformers, 0, _MOST_LAYERS)
        check_whole("width", self.width, 0, MOST_WIDTH)
        check_whole("kernel", self.kernel, 1, _LONGEST_KERNEL)
        if self.kernel % 2 == 0:
            raise UserError(f"The Conformers' kernel is {self.kernel}, but must be odd.", "Correct the config.")


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The architecture of an AST; it is stored in the checkpoint, and the model is built from it."""

    n_labels: int
    """Number of outputs."""
    n_mels: int = 128
    """Mel bins of the input."""
    max_frames: int = 1024
    """Length of the position grid; longer inputs stretch it."""
    patch_mels: int = 16
    """Height of a patch in mel bins: 16 as published, 128 in the paper's ablation."""
    patch_frames: int = 16
    """Length of a patch in frames: 16 as published, 2 in the paper's ablation."""
    stride_frames: int = 10
    """From one patch to the next in frames; patches overlap by patch - stride."""
    stride_mels: int = 10
    """From one patch to the next in mel bins."""
    embed_dim: int = 768
    """Width of a token."""
    depth: int = 12
    """Number of transformer blocks."""
    num_heads: int = 12
    """Attention heads per block."""
    mlp_ratio: float = 4.0
    """Width of a block's MLP, relative to embed_dim."""
    stem: Literal["patch", "convolution", "residual", "efficient"] = "patch"
    """What makes tokens: "patch" AST's linear patch embedding; "convolution" four 3x3 convolutions of stride 2 (16 x
    16, stride 16; Xiao et al., arXiv:2106.14881); "residual" residual blocks, a small CNN (32 mel bins x 16 frames per
    token, strides 32 and 16); "efficient" EfficientNet-Lite0 up to stride 16 (arXiv:1905.11946), which ImageNet weights
    exist for (16 x 16, stride 16)."""
    level: Literal["absolute", "window"] = "absolute"
    """What is subtracted from the normalised log-mel: "absolute" nothing, as published; "window" the mean of the whole
    window, so that a gain, which adds a constant to log-mel, changes nothing."""
    pooling: Literal["class_tokens", "class", "mean"] = "class_tokens"
    """What the head reads: "class_tokens" the mean of class and distillation token, as in the released code; "class"
    the class token alone, as in the paper's text; "mean" the mean of the patches."""
    norm_eps: float = 1e-6
    """LayerNorm's eps, as released; Hugging Face's models use 1e-12."""
    head_norm_eps: float = 1e-5
    """Eps of the head's LayerNorm, as released; Hugging Face's models use 1e-12."""
    head_norm: bool = True
    """Whether the head has a LayerNorm before its linear layer, as released; the paper's text has none."""
    positions: Literal["bilinear", "nearest"] = "bilinear"
    """How the position grid is stretched to longer inputs and, in a checkpoint, to other strides."""
    hybrid: HybridConfig | None = None
    """HAM-AST's blocks; None for AST."""
    frame_head: bool = False
    """Whether there is a second head for each column of patches (see `frame_logits`)."""

    def __post_init__(self) -> None:
        for name, highest in _HIGHEST.items():
            check_whole(name, getattr(self, name), 1, highest)
        check_number("mlp_ratio", self.mlp_ratio, 0.0, _LARGEST_RATIO)
        check_whole("The width of the layers' MLPs", int(self.embed_dim * self.mlp_ratio), 1, 4 * MOST_WIDTH)
        if not (0 < self.norm_eps < 1 and 0 < self.head_norm_eps < 1):
            raise UserError("A LayerNorm's eps lies between 0 and 1.", "Set it to about 1e-6.")
        if self.embed_dim % self.num_heads:
            raise UserError(
                f"{self.embed_dim} channels cannot be split into {self.num_heads} attention heads.",
                "Choose a width that is a multiple of the number of heads.",
            )
        cut = (self.patch_mels, self.patch_frames, self.stride_mels, self.stride_frames)
        if self.stem in ("convolution", "efficient") and cut != (16, 16, 16, 16):
            raise UserError(f"The {self.stem} stem needs patches and strides of 16.", "Set all of them to 16.")
        if self.stem == "residual" and cut != (16, 16, 32, 16):
            raise UserError(
                "The residual stem needs patches of 16 and strides of 32 bins and 16 frames.",
                "Set them to these values.",
            )
        known = (
            (self.stem, ("patch", "convolution", "residual", "efficient")),
            (self.pooling, ("class_tokens", "class", "mean")),
            (self.level, ("absolute", "window")),
            (self.positions, ("bilinear", "nearest")),
        )
        for choice, choices in known:
            if choice not in choices:
                raise UserError(f"Unknown architecture option {choice!r}.", f"Use {' or '.join(choices)}.")
        if self.n_mels < self.patch_mels or self.max_frames < self.patch_frames:
            raise UserError("The input is smaller than one patch.", "Use at least one patch's frames and mel bins.")
        check_whole("The number of patches", self.n_patches(self.max_frames), 1, _MOST_PATCHES)

    def grid(self, n_frames: int) -> tuple[int, int]:
        """Patch rows (frequency) and columns (time) of an input of `n_frames` frames."""
        if self.stem != "patch":  # each convolution of stride 2 pads by half a kernel: halve and round up
            return -(-self.n_mels // self.stride_mels), -(-n_frames // self.stride_frames)
        rows, columns = (
            (length - patch) // stride + 1
            for length, patch, stride in (
                (self.n_mels, self.patch_mels, self.stride_mels),
                (n_frames, self.patch_frames, self.stride_frames),
            )
        )
        return rows, columns

    def n_patches(self, n_frames: int) -> int:
        """Patches of an input of `n_frames` frames."""
        rows, columns = self.grid(n_frames)
        return rows * columns


@dataclass(frozen=True, slots=True)
class ConvolutionConfig:
    """The architecture of a CNN: PSLA's without its attention head (arXiv:2102.01243; see `convolutional`)."""

    n_labels: int
    """Number of outputs."""
    backbone: str = "efficientnet_b0"
    """timm's name of the network."""
    n_mels: int = 128
    """Mel bins of the input."""
    max_frames: int = 1024
    """Length of its window."""
    level: Literal["absolute", "window"] = "absolute"
    """As in TransformerConfig."""
    averaged_frames: int = 1
    """So many neighbouring frames become their mean before the CNN reads them: 2 halves its work."""

    def __post_init__(self) -> None:
        for name in ("n_labels", "n_mels", "max_frames"):
            check_whole(name, getattr(self, name), 1, _HIGHEST[name])
        check_whole("averaged_frames", self.averaged_frames, 1, _MOST_AVERAGED)
        check_text("The backbone of a CNN", self.backbone)
        if self.level not in ("absolute", "window"):
            raise UserError(f"Unknown architecture option {self.level!r}.", "Use absolute or window.")

    def grid(self, n_frames: int) -> tuple[int, int]:
        """A CNN cuts no patches: (0, 0)."""
        del n_frames
        return 0, 0

    def n_patches(self, n_frames: int) -> int:
        """A CNN has no tokens to merge: 0."""
        del n_frames
        return 0


ModelConfig = TransformerConfig | ConvolutionConfig


def model_config(raw: dict[str, Any]) -> ModelConfig:
    """The inverse of `dataclasses.asdict`. Raises TypeError for unknown entries."""
    if "backbone" in raw:
        return ConvolutionConfig(**raw)
    raw = dict(raw)
    if "patch_size" in raw:  # early checkpoints, whose patches were square
        raw["patch_mels"] = raw["patch_frames"] = raw.pop("patch_size")
    hybrid = raw.pop("hybrid", None)
    return TransformerConfig(**raw, hybrid=None if hybrid is None else HybridConfig(**hybrid))
