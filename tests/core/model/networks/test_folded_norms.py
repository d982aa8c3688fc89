"""Folded batch norms give the same numbers, in every network that has any."""

from __future__ import annotations

import pytest
import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import nn

from core.model.networks.build import build_network
from core.model.networks.folded_norms import fold_batch_norms
from core.model.variants import find_variant


def with_statistics(network: nn.Module) -> nn.Module:
    """The network with norms that do something."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)  # pyright: ignore[reportArgumentType]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # pyright: ignore[reportArgumentType]
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return network.eval()


@pytest.mark.parametrize(
    "variant", ["ast-tiny-efficient", "ast-tiny-residual", "ast-tiny-stem", "cnn-efficientnet-lite0", "cnn-resnet18"]
)
def test_the_numbers_stay_and_the_norms_go(variant: str) -> None:
    network = with_statistics(build_network(find_variant(variant).with_labels(4)))
    log_mel = torch.randn(2, 120, 128)
    with torch.inference_mode():
        before = network(log_mel)
        fold_batch_norms(network)
        torch.testing.assert_close(network(log_mel), before, atol=1e-4, rtol=1e-4)
    left = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d | BatchNormAct2d)]
    assert not left


def test_a_network_without_batch_norms_stays_as_it_is() -> None:
    network = build_network(find_variant("ast-tiny-16").with_labels(4)).eval()
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    fold_batch_norms(network)
    assert all(torch.equal(before[name], parameter) for name, parameter in network.named_parameters())
