"""Combines labels and teachers' probabilities into one target (CMKD; Gong et al., arXiv:2203.06760).

The paper's loss is L = λ L_g(ψ(Z_s), y) + (1 - λ) L_d(ψ(Z_s), ψ(Z_t / τ)): the cross-entropy against the labels y and
the Kullback-Leibler divergence from the teacher's probabilities, where ψ is softmax or sigmoid, and the temperature τ
applies to the teacher's logits only, without a factor τ². The divergence is the cross-entropy minus the teacher's
entropy, which does not depend on the student, and cross-entropy is linear in its target. Up to that constant, L is
therefore one cross-entropy against the blended target λ y + (1 - λ) ψ(Z_t / τ), which the run's loss takes in place of
labels. Both terms then have the same scale, whatever the loss sums or averages over.
"""

from __future__ import annotations

from torch import Tensor


def blend(targets: Tensor, taught: Tensor, label_weight: float) -> Tensor:
    """The target that combines both terms. targets: y; taught: the teacher's probabilities; both `(B, labels)`.

    label_weight: λ, 0 to 1; at 1 the result is `targets` to the bit.
    """
    return label_weight * targets + (1 - label_weight) * taught
