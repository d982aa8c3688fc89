"""Builds a recipe's optimiser and computes its loss."""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config.optimisation import OptimisationSettings

UNDECAYED = ("cls_token", "dist_token", "pos_embed")


def build_optimiser(
    model: nn.Module, optimisation: OptimisationSettings, new_modules: Collection[str]
) -> torch.optim.AdamW | torch.optim.Adam:
    """The recipe's optimiser; each parameter group has a `factor` for the learning rate.

    AdamW does not decay biases, norms, tokens and positions; Adam's L2 penalty applies to all parameters, as in AST's
    released code. new_modules: names of the randomly initialised parameters, for `new_rate_factor`.
    """
    groups = []
    for is_new in (False, True):
        for is_decayed in (False, True):
            parameters = [
                parameter
                for name, parameter in model.named_parameters()
                if parameter.requires_grad
                and (name in new_modules) == is_new
                and _is_decayed(name, parameter, optimisation) == is_decayed
            ]
            if parameters:
                decay = optimisation.weight_decay if is_decayed else 0.0
                factor = optimisation.new_rate_factor if is_new else 1.0
                groups.append({"params": parameters, "weight_decay": decay, "factor": factor})
    kind = torch.optim.AdamW if optimisation.optimiser == "adamw" else torch.optim.Adam
    # Fused: one pass over memory instead of a dozen. With fp16's scaler, Fabric cannot clip a fused one's gradients.
    is_fused = optimisation.precision != "fp16"
    return kind(groups, lr=0.0, betas=(optimisation.betas[0], optimisation.betas[1]), fused=is_fused)


def _is_decayed(name: str, parameter: nn.Parameter, optimisation: OptimisationSettings) -> bool:
    return optimisation.optimiser == "adam" or (parameter.ndim >= 2 and name not in UNDECAYED)


def summed_loss(kind: str, logits: Tensor, targets: Tensor) -> Tensor:
    """The sum over the clips of cross-entropy with soft targets, or of binary cross-entropy summed over the labels."""
    if kind == "ce":
        return F.cross_entropy(logits, targets, reduction="sum")
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
