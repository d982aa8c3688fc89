"""The optimiser decays and speeds up the parameters that a recipe says, and losses are sums over clips."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tests.training.runs import small
from training.optimisation.optimiser import UNDECAYED, build_optimiser, summed_loss


class Small(nn.Module):
    """A parameter of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 3), nn.LayerNorm(3)
        self.pos_embed = nn.Parameter(torch.zeros(1, 5, 3))
        self.frozen = nn.Parameter(torch.zeros(2, 2), requires_grad=False)


def names_by_group(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[tuple[float, float], set[str]]:
    """(weight decay, factor) to names."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        (group["weight_decay"], group["factor"]): {names[id(parameter)] for parameter in group["params"]}
        for group in optimiser.param_groups
    }


def test_adamw_decays_matrices_alone_and_new_parameters_move_faster() -> None:
    model, config = Small(), small("optimiser=adamw", "weight_decay=0.1", "new_rate_factor=7")
    assert "pos_embed" in UNDECAYED
    optimiser = build_optimiser(model, config.optimisation, {"layer.weight", "norm.bias"})
    assert isinstance(optimiser, torch.optim.AdamW)
    assert names_by_group(model, optimiser) == {
        (0.1, 7.0): {"layer.weight"},
        (0.0, 7.0): {"norm.bias"},
        (0.0, 1.0): {"layer.bias", "norm.weight", "pos_embed"},
    }


def test_adams_penalty_is_on_all_parameters_as_in_asts_code() -> None:
    model, config = Small(), small("optimiser=adam", "weight_decay=5e-7")
    optimiser = build_optimiser(model, config.optimisation, ())
    assert not isinstance(optimiser, torch.optim.AdamW)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert names_by_group(model, optimiser) == {(5e-7, 1.0): learning}


@pytest.mark.parametrize(("precision", "is_fused"), [("fp32", True), ("bf16", True), ("fp16", False)])
def test_fabric_cannot_clip_a_fused_optimiser_beside_a_scaler(precision: str, is_fused: bool) -> None:
    optimiser = build_optimiser(Small(), small(f"precision={precision}").optimisation, ())
    assert all(group["fused"] == is_fused for group in optimiser.param_groups)


def test_losses_are_summed_over_clips() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(6, 3), torch.rand(6, 3)
    for kind, function in (("ce", cross_entropy), ("bce", binary_cross_entropy_with_logits)):
        each = [function(logits[i : i + 1], targets[i : i + 1], reduction="sum") for i in range(6)]
        torch.testing.assert_close(summed_loss(kind, logits, targets), torch.stack(each).sum())
