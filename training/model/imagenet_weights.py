"""Loads ImageNet weights of a timm DeiT or ViT that has the same transformer as ours, or of a CNN's own backbone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import timm
import torch
from safetensors import SafetensorError
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from core.errors import UserError
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.tensor_files import read_pickled, read_safetensors
from core.model.networks.convolutional import ConvolutionalTagger
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.stems import EFFICIENT_BACKBONE, EfficientStem
from core.model.variants import MODEL_VARIANTS
from training.model.package_weights import BACKBONES, PACKAGE, read_package_weights

Kernels = Literal["sum", "average"]
"""What becomes of the three colour channels of an image network's first kernel."""

SUITABLE = {
    192: ("deit_tiny_distilled_patch16_224", "vit_tiny_patch16_224"),
    384: ("deit_small_distilled_patch16_224", "vit_small_patch16_384"),
    768: ("deit_base_distilled_patch16_384", "deit_base_patch16_384", "vit_base_patch16_384"),
    1024: ("vit_large_patch16_384",),
}
"""timm's models by width; AST was initialised from the first one of width 768 (arXiv:2104.01778, §2.2)."""
_HEADS = ("head.", "head_dist.")
_OURS = ("mlp_head.", "hybrid.", "frame_head.")
_EPS = 1e-6
"""Of the LayerNorms in every suitable DeiT and ViT of timm."""
_FITTED = ("pos_embed", "patch_embed.proj.weight")
"""Weights whose shape depends on the input size or the number of colour channels."""


def load_vision_weights(name: str, file: Path | None, ours: TransformerConfig) -> dict[str, Tensor]:
    """Float32 weights of timm's model `name` by timm's own names, without its heads: from the Hugging Face hub, or from
    a `.safetensors` or pickled `file` (no code in it is run).

    Raises UserError where the model does not fit the architecture `ours`, the hub cannot be reached, or the file has
    other contents.
    """
    expected = _suitable_model(name, ours).state_dict()
    weights = _download(name) if file is None else _read(file)
    weights = {key: weight.float() for key, weight in weights.items() if not key.startswith(_HEADS)}
    wanted = {key: weight.shape for key, weight in expected.items() if not key.startswith(_HEADS)}
    if {key: weight.shape for key, weight in weights.items()} != wanted:
        source = file.name if file else "The downloaded file"
        raise UserError(f"{source} does not contain the weights of {name}.", "Give the name of its model.")
    return weights


def load_backbone_weights(
    name: str, file: Path | None, ours: ConvolutionalTagger, kernel_collapse: Kernels = "sum"
) -> dict[str, Tensor]:
    """Float32 weights for `ours.backbone` from timm's model `name`, the same backbone with or without a training tag
    (`resnet18.a1_in1k`). The three colour channels of the first kernel are summed, or averaged.

    Raises UserError as `load_vision_weights` does.
    """
    backbone = ours.config.backbone
    if name.partition(".")[0] != backbone.partition(".")[0] or not timm.is_model(name):
        raise UserError(f"The variant's backbone is {backbone}, not {name}.", f"Use timm:{backbone}.")
    given = _download(name) if file is None else _read(file)
    return fit_weights(given, ours.backbone, f"weights of {name}", kernel_collapse)


def load_package_weights(
    package: str, ours: ConvolutionalTagger | AudioSpectrogramTransformer, kernel_collapse: Kernels = "sum"
) -> dict[str, Tensor]:
    """Float32 weights from a Python package (see `package_weights`): for the backbone of a CNN, or for the part of an
    efficient stem that has the same layers (`efficient_part`).

    Raises UserError where the package is missing or the architecture has other layers.
    """
    theirs = BACKBONES.get(package, "")
    is_cnn = isinstance(ours, ConvolutionalTagger)
    mine = ours.config.backbone if is_cnn else EFFICIENT_BACKBONE if ours.config.stem == "efficient" else ""
    if theirs and mine != theirs:
        usable = [name for name, backbone in BACKBONES.items() if backbone == mine]
        remedy = f"Use init={PACKAGE}{usable[0]}." if usable else "Choose ast-tiny-efficient or a Lite CNN."
        raise UserError(f"{package} holds weights of {theirs}, which this architecture does not have.", remedy)
    with torch.device("meta"):
        names = list(timm.create_model(theirs or EFFICIENT_BACKBONE, pretrained=False).state_dict())
    given = read_package_weights(package, names)
    part = ours.backbone if is_cnn else efficient_part(ours)
    return fit_weights(given, part, f"weights of {theirs}", kernel_collapse)


def efficient_part(ours: AudioSpectrogramTransformer) -> nn.ModuleDict:
    """The layers of an efficient stem that EfficientNet-Lite0 has too, under timm's names."""
    stem = ours.patch_embed
    assert isinstance(stem, EfficientStem)
    return nn.ModuleDict({"conv_stem": stem.conv_stem, "bn1": stem.bn1, "blocks": stem.blocks})


def fit_weights(
    given: dict[str, Tensor], ours: nn.Module, what: str, kernel_collapse: Kernels = "sum"
) -> dict[str, Tensor]:
    """Those of `given` that `ours` has, with the first kernel's three colours summed or averaged.

    what: what they are, for the error. Raises UserError where one is missing or has another shape.
    """
    weights: dict[str, Tensor] = {}
    for key, mine in ours.state_dict().items():
        theirs = given.get(key, mine if key.endswith("num_batches_tracked") else None)
        if theirs is not None and mine.ndim == 4 and mine.shape[1] == 1 and theirs.shape[1] == 3:
            theirs = theirs.sum(dim=1, keepdim=True) / (3 if kernel_collapse == "average" else 1)
        if theirs is None or theirs.shape != mine.shape:
            raise UserError(f"The file does not contain the {what}.", "Give a file of that model.")
        weights[key] = theirs.to(mine.dtype)
    return weights


def _suitable_model(name: str, ours: TransformerConfig) -> VisionTransformer:
    """timm's model on the meta device. Raises UserError where it is not our transformer."""
    if ours.stem != "patch":
        variants = [variant.name for variant in MODEL_VARIANTS.values() if _has_patches(variant.model)]
        raise UserError(
            "ImageNet weights require a variant with linear patches.",
            f"Set variant to one of {', '.join(variants)}.",
        )
    suitable = SUITABLE.get(ours.embed_dim)
    remedy = f"Use timm:{' or timm:'.join(suitable)}." if suitable else f"Use a variant of width {_listed(SUITABLE)}."
    if not timm.is_model(name):
        raise UserError(f"timm has no model {name!r}.", remedy)
    try:
        with torch.device("meta"):
            theirs = timm.create_model(name, pretrained=False)
    except RuntimeError as error:
        raise UserError(f"timm cannot build {name} ({error}).", remedy) from error
    difference = _difference(theirs, ours)
    if difference:
        raise UserError(f"{name} {difference}.", remedy)
    assert isinstance(theirs, VisionTransformer)
    return theirs


def _has_patches(config: ModelConfig) -> bool:
    if not isinstance(config, TransformerConfig) or config.stem != "patch":
        return False
    return config.patch_mels == config.patch_frames


def _listed(widths: Iterable[int]) -> str:
    return " or ".join(map(str, widths))


def _difference(theirs: nn.Module, ours: TransformerConfig) -> str:
    """Why the weights cannot be used, as the end of a sentence; "" where they can."""
    if not isinstance(theirs, VisionTransformer):
        return "is not a plain vision transformer"
    first: Any = theirs.blocks[0]
    patch, our_patch = theirs.patch_embed.patch_size, (ours.patch_mels, ours.patch_frames)
    if (theirs.embed_dim, len(theirs.blocks), tuple(patch)) != (ours.embed_dim, ours.depth, our_patch):
        its_size = f"width {theirs.embed_dim}, depth {len(theirs.blocks)} and patches of {patch[0]} x {patch[1]}"
        return f"has {its_size}; the variant has {ours.embed_dim}, {ours.depth} and {our_patch[0]} x {our_patch[1]}"
    with torch.device("meta"):
        mine = AudioSpectrogramTransformer(ours).state_dict()
    wanted = {key: weight.shape for key, weight in mine.items() if not key.startswith(_OURS)}
    given = {key: weight.shape for key, weight in theirs.state_dict().items() if not key.startswith(_HEADS)}
    given.setdefault("dist_token", wanted["dist_token"])
    unlike = sorted(key for key in wanted.keys() | given.keys() if wanted.get(key) != given.get(key))
    unlike = [key for key in unlike if key not in _FITTED]
    if unlike:
        return f"has other parts ({', '.join(unlike[:3])})"
    eps: Any = theirs.norm.eps
    # A recipe may set another eps than theirs, but not use weights of another family.
    is_foreign = eps not in (_EPS, ours.norm_eps) or type(first.mlp.act) is not nn.GELU
    if first.attn.num_heads != ours.num_heads or is_foreign:
        return "has different attention, norms or activations"
    return ""


def _download(name: str) -> dict[str, Tensor]:
    try:
        return timm.create_model(name, pretrained=True).state_dict()
    except OSError as error:
        raise UserError(
            f"The weights of {name} cannot be downloaded from the Hugging Face hub.",
            f"Connect to the internet, or download the file elsewhere and give it as timm:{name}@FILE.",
        ) from error
    except RuntimeError as error:
        raise UserError(f"timm has no weights of {name} ({error}).", "Choose a trained model.") from error


def _read(file: Path) -> dict[str, Tensor]:
    """A file's tensors by name. Facebook's DeiT files store them under "model"."""
    if not file.is_file():
        raise UserError(f"There is no file {file.name}.", "Give the path of a .safetensors or .pth file after the @.")
    try:
        if file.suffix == ".safetensors":
            return read_safetensors(file)[0]
    except (SafetensorError, OSError) as error:
        raise UserError(f"{file.name} cannot be read as weights.", "Download the file again.") from error
    return read_pickled(file, "Give a file that timm or DeiT's authors wrote.")
