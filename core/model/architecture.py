"""What a model looks like, as numbers. Builds nothing and imports no torch, so that menus know it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.bounds import MOST_FRAMES, MOST_LABELS, MOST_MELS, MOST_WIDTH, check_number, check_whole
from core.errors import UserError

_MOST_LAYERS, _MOST_PATCHES = 256, 200_000
"""Published models have 24 layers and 1212 patches at most; strides of 1 make 114 017 of 128 x 1024."""
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


@dataclass(frozen=True, slots=True)
class HybridConfig:
    """What HAM-AST puts between the transformer blocks and the last norm (see `hybrid_attention`).

    n_conformers: Conformer blocks. channel_attention: whether max and mean pooling weight the channels after them.
    axis: what the Conformers' depthwise convolution runs along: "time" inside each row of patches, the "sequence" as it
    stands, class tokens and all, or the "grid" in two dimensions. kernel: its length in tokens, odd. width: of the
    Conformer blocks, 0 for the transformer's own.
    """

    n_conformers: int = 0
    channel_attention: bool = False
    axis: Literal["time", "sequence", "grid"] = "time"
    kernel: int = 15
    width: int = 0

    def __post_init__(self) -> None:
        if self.axis not in ("time", "sequence", "grid"):
            raise UserError(f"Conformers do not run along {self.axis!r}.", "Use time, sequence or grid.")
        check_whole("n_conformers", self.n_conformers, 0, _MOST_LAYERS)
        check_whole("width", self.width, 0, MOST_WIDTH)
        check_whole("kernel", self.kernel, 1, _LONGEST_KERNEL)
        if self.kernel % 2 == 0:
            raise UserError(f"The kernel of the Conformers is {self.kernel}, and must be odd.", "Correct the config.")


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The architecture of an AST; stored in the checkpoint, from which the loader builds the model.

    max_frames: length of the position grid; longer inputs stretch it. patch_mels, patch_frames: of a patch, 16 x 16 as
    published, 128 x 2 in its ablation. stride_frames, stride_mels: patch strides (patches overlap by patch - stride).
    stem: "patch" is AST's linear patch embedding; "convolution" puts four 3x3 convolutions of stride 2 in its place
    (16 x 16 stride 16; Xiao et al., arXiv:2106.14881); "residual" puts residual blocks there (32 mel bins x 16 frames a
    token, strides 32 and 16): a small CNN that the transformer reads.
    level: "absolute" takes the normalised log-mel as published; "window" also subtracts the mean of the whole window,
    so that a gain, which adds a constant to log-mel, changes nothing.
    pooling: "class_tokens" averages class and distillation token as released; "class" takes the class token alone, as
    the paper's text has it; "mean" averages the patches.
    norm_eps, head_norm_eps: LayerNorm's, as released; Hugging Face's models use 1e-12 for both. head_norm: the head is
    a LayerNorm and a linear layer, as released; without it the linear layer alone, as the paper's text has it.
    positions: how a grid of positions is stretched to a longer input and, of a checkpoint, to other strides.
    hybrid: HAM-AST's blocks, None for AST. frame_head: a second head, which tells when (see `frame_logits`).
    """

    n_labels: int
    n_mels: int = 128
    max_frames: int = 1024
    patch_mels: int = 16
    patch_frames: int = 16
    stride_frames: int = 10
    stride_mels: int = 10
    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: float = 4.0
    stem: Literal["patch", "convolution", "residual"] = "patch"
    level: Literal["absolute", "window"] = "absolute"
    pooling: Literal["class_tokens", "class", "mean"] = "class_tokens"
    norm_eps: float = 1e-6
    head_norm_eps: float = 1e-5
    head_norm: bool = True
    positions: Literal["bilinear", "nearest"] = "bilinear"
    hybrid: HybridConfig | None = None
    frame_head: bool = False

    def __post_init__(self) -> None:
        for name, highest in _HIGHEST.items():
            check_whole(name, getattr(self, name), 1, highest)
        check_number("mlp_ratio", self.mlp_ratio, 0.0, _LARGEST_RATIO)
        check_whole("The width of the layers' MLPs", int(self.embed_dim * self.mlp_ratio), 1, 4 * MOST_WIDTH)
        if not (0 < self.norm_eps < 1 and 0 < self.head_norm_eps < 1):
            raise UserError("A LayerNorm's eps lies between 0 and 1.", "Set it to about 1e-6.")
        if self.embed_dim % self.num_heads:
            raise UserError(
                f"{self.embed_dim} channels cannot be shared by {self.num_heads} attention heads.",
                "Choose a width that is a multiple of the number of heads.",
            )
        cut = (self.patch_mels, self.patch_frames, self.stride_mels, self.stride_frames)
        if self.stem == "convolution" and cut != (16, 16, 16, 16):
            raise UserError("The convolutional stem has patches and strides of 16.", "Set all of them to 16.")
        if self.stem == "residual" and cut != (16, 16, 32, 16):
            raise UserError("The residual stem has patches of 16, strides of 32 bins and 16 frames.", "Set them so.")
        known = (
            (self.stem, ("patch", "convolution", "residual")),
            (self.pooling, ("class_tokens", "class", "mean")),
            (self.level, ("absolute", "window")),
            (self.positions, ("bilinear", "nearest")),
        )
        for choice, choices in known:
            if choice not in choices:
                raise UserError(f"The architecture option {choice!r} is not known.", f"Use {' or '.join(choices)}.")
        if self.n_mels < self.patch_mels or self.max_frames < self.patch_frames:
            raise UserError("The input is smaller than one patch.", "Use at least one patch's frames and mel bins.")
        check_whole("The number of patches", self.n_patches(self.max_frames), 1, _MOST_PATCHES)

    def grid(self, n_frames: int) -> tuple[int, int]:
        """Patch rows (frequency) and columns (time) of an input of `n_frames` frames."""
        if self.stem != "patch":  # each stride of 2 pads by half a kernel: halve and round up
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
    """The architecture of a CNN: PSLA's without its attention head (arXiv:2102.01243; see `convolutional`).

    backbone: timm's name of it. max_frames: its window. level: as in TransformerConfig.
    """

    n_labels: int
    backbone: str = "efficientnet_b0"
    n_mels: int = 128
    max_frames: int = 1024
    level: Literal["absolute", "window"] = "absolute"

    def __post_init__(self) -> None:
        for name in ("n_labels", "n_mels", "max_frames"):
            check_whole(name, getattr(self, name), 1, _HIGHEST[name])
        if not isinstance(self.backbone, str):
            raise UserError("The backbone of a CNN is a name.", "Correct the config.")
        if self.level not in ("absolute", "window"):
            raise UserError(f"The architecture option {self.level!r} is not known.", "Use absolute or window.")

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
    """The architecture that `dataclasses.asdict` made `raw` of. Raises TypeError for entries that none has."""
    if "backbone" in raw:
        return ConvolutionConfig(**raw)
    raw = dict(raw)
    if "patch_size" in raw:  # earlier checkpoints, whose patches were square
        raw["patch_mels"] = raw["patch_frames"] = raw.pop("patch_size")
    hybrid = raw.pop("hybrid", None)
    return TransformerConfig(**raw, hybrid=None if hybrid is None else HybridConfig(**hybrid))
