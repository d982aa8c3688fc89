"""A CNN starts from its own backbone's ImageNet weights, and from no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
from torch import nn

from core.errors import UserError
from core.labels import LabelSet
from core.model.networks.build import build_network
from core.model.networks.convolutional import ConvolutionalTagger
from tests.training.runs import MODEL_VARIANTS
from training.model.initialisation import Adaptation, initialise, new_module_names

BACKBONE = "test_resnet"
LABELS = LabelSet.from_ids(["noise", "dog", "tone"])
HEAD = {"mlp_head.1.weight", "mlp_head.1.bias"}


def fresh() -> ConvolutionalTagger:
    torch.manual_seed(5)
    network = build_network(MODEL_VARIANTS["nano-cnn"].with_labels(len(LABELS)))
    assert isinstance(network, ConvolutionalTagger)
    return network.eval()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """timm's own model with random weights and moved statistics, and the file that they are in."""
    torch.manual_seed(0)
    model = timm.create_model(BACKBONE, pretrained=False)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
    path = tmp_path_factory.mktemp("timm") / "resnet.safetensors"
    safetensors.torch.save_model(model, str(path))
    return model.eval(), path


@pytest.mark.parametrize("name", [BACKBONE, f"{BACKBONE}.r160_in1k"])
def test_on_a_grey_picture_it_computes_what_timm_does(name: str, pictures: tuple[nn.Module, Path]) -> None:
    theirs, path = pictures
    model = fresh()
    head = model.mlp_head.state_dict()
    assert initialise(model, f"timm:{name}@{path}", LABELS) == f"ImageNet weights of {name}, without its head"
    log_mel = torch.randn(2, 160, 128)
    grey = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
    with torch.no_grad():
        colours = grey.transpose(1, 2).unsqueeze(1).expand(-1, 3, -1, -1)
        expected = theirs.forward_features(colours).mean(dim=(2, 3))  # pyright: ignore[reportCallIssue]
        torch.testing.assert_close(model.embed(log_mel), expected, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(tensor, head[key]) for key, tensor in model.mlp_head.state_dict().items())
    assert set(new_module_names(model, f"timm:{name}@{path}", LABELS)) == HEAD


@pytest.mark.parametrize(
    ("init", "says"),
    [
        ("timm:resnet18", "test_resnet, not resnet18"),
        ("timm:deit_tiny_distilled_patch16_224", "test_resnet, not deit"),
        ("timm:test_resnet@/nowhere/file.safetensors", "no file file.safetensors"),
    ],
)
def test_other_pictures_are_refused(init: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        initialise(fresh(), init, LABELS)


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    safetensors.torch.save_model(
        timm.create_model("test_efficientnet", pretrained=False), str(tmp_path / "x.safetensors")
    )
    with pytest.raises(UserError, match="the weights of test_resnet"):
        initialise(fresh(), f"timm:{BACKBONE}@{tmp_path / 'x.safetensors'}", LABELS)


def test_the_colours_of_a_cnns_first_kernel_are_averaged_where_the_recipe_asks(
    pictures: tuple[nn.Module, Path],
) -> None:
    init = f"timm:{BACKBONE}@{pictures[1]}"
    summed, averaged = fresh(), fresh()
    initialise(summed, init, LABELS)
    initialise(averaged, init, LABELS, None, Adaptation(kernel_collapse="average"))
    kernels = [next(p for p in network.backbone.parameters() if p.ndim == 4) for network in (summed, averaged)]
    torch.testing.assert_close(kernels[1] * 3, kernels[0])
