"""The settings of a recipe that say which network is trained, and from which weights it starts. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from core.bounds import MOST_MELS, MOST_WIDTH
from core.model.variants import find_variant
from training.config.field_rules import Range, ShareBelowOne, check_fields, refuse


@dataclass(frozen=True, slots=True)
class StartSettings:
    """The network and its first weights. Empty text, 0 and None leave a setting to the variant or the checkpoint."""

    variant: str
    """Row of MODEL_VARIANTS; "" for the variant of the checkpoint in `init`."""
    init: str = ""
    """First weights: "" for random ones, "starter", the path of a checkpoint, "timm:NAME" or
    "package:NAME" for ImageNet weights (see `training.model.initialisation`)."""
    freeze: bool = False
    """Keep all weights as they are and train a new head alone: the last layer or, with a `frame_loss`, the frame head
    beside it."""
    strides: Annotated[tuple[int, ...], Range(1, MOST_MELS)] = ()
    """(mel bins, frames) from one patch to the next."""
    positions: Literal["", "bilinear", "nearest", "random"] = ""
    """How position embeddings are resized to another input or other strides: "bilinear" as published, "nearest", or
    "random" to start them anew."""
    pooling: Literal["", "class_tokens", "class", "mean"] = ""
    """What the head reads (see `TransformerConfig`)."""
    head: Literal["", "norm", "linear"] = ""
    """"norm" for a LayerNorm and a linear layer, "linear" for the linear layer alone."""
    norm_eps: ShareBelowOne = 0.0
    """The eps of every LayerNorm."""
    kernel_collapse: Literal["sum", "average"] = "sum"
    """How ImageNet's kernels of three colours become kernels of one channel: by their "sum", as in the released code,
    or by their "average", as in the paper's text."""
    mel_window: Literal["", "hanning", "hamming"] = ""
    """Window of the log-mel: "hanning" as in the released code, "hamming" as in the paper's text; "" for the
    checkpoint's, or hanning."""
    conformers: Annotated[int | None, Range(0, 256)] = None
    """Conformer blocks that HAM-AST puts behind the transformer (see `HybridConfig`)."""
    channel_attention: bool | None = None
    """Whether HAM-AST's channel attention follows them."""
    conformer_axis: Literal["", "time", "sequence", "grid"] = ""
    """What the Conformers' convolutions run along."""
    conformer_width: Annotated[int | None, Range(0, MOST_WIDTH)] = None
    """Width of the Conformers."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.variant:
            find_variant(self.variant)
        refuse(
            not self.variant and (not self.init or self.init.startswith(("timm:", "package:"))),
            "it names neither a variant nor a checkpoint to start from",
            "variant = ast-tiny-16, or init = starter",
        )
        refuse(
            len(self.strides) not in (0, 2),
            f"strides = {list(self.strides)} are not two numbers",
            "mel bins and frames, such as strides = 16,16",
        )
        refuse(
            self.freeze and bool(self.pooling or self.head or self.norm_eps),
            "freeze = true keeps the model's pooling, head and norms, and pooling, head or norm_eps change them",
            "freeze = false, or leave out pooling, head and norm_eps",
        )
