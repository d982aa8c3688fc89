"""What a student learns from labels and teachers together (CMKD; Gong et al., arXiv:2203.06760). Knows no model.

The paper's loss is L = λ L_g(ψ(Z_s), y) + (1 - λ) L_d(ψ(Z_s), ψ(Z_t / τ)): cross-entropy against the labels y, the
Kullback-Leibler divergence from the teacher's probabilities, with ψ softmax or sigmoid by task, the temperature τ on
the teacher's logits alone and no factor τ². A divergence is the cross-entropy less the teacher's entropy, which no
weight of the student moves, and cross-entropy is linear in its target: so L is, but for that constant, one
cross-entropy against the blended target λ y + (1 - λ) ψ(Z_t / τ), which the run's own loss takes as it takes labels.
Both terms then have one scale, whatever that loss sums or averages over.
"""

from __future__ import annotations

from torch import Tensor


def blend(targets: Tensor, taught: Tensor, label_weight: float) -> Tensor:
    """The target that stands for both terms. targets: y; taught: the teacher's probabilities; both `(B, labels)`.

    label_weight: λ, 0 to 1; at 1 the result is `targets` to the bit.
    """
    return label_weight * targets + (1 - label_weight) * taught
