"""One loss against blended targets is the published loss of two terms, but for the teacher's entropy."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from training.model.distillation import blend
from training.optimisation.optimiser import summed_loss

pytestmark = pytest.mark.slow

N_CLIPS, N_LABELS = 3, 4
LOGITS = arrays.arrays(np.float64, (N_CLIPS, N_LABELS), elements=st.floats(-12, 12))
SHARES = arrays.arrays(np.float64, (N_CLIPS, N_LABELS), elements=st.floats(0, 1))


def as_probabilities(kind: str, logits: Tensor) -> Tensor:
    return logits.softmax(dim=-1) if kind == "ce" else logits.sigmoid()


def labels_of(kind: str, shares: np.ndarray) -> Tensor:
    """Soft labels, as mixup makes them: of one clip they sum to one where a clip has one label."""
    labels = torch.from_numpy(shares)
    return (labels + 0.01) / (labels + 0.01).sum(dim=-1, keepdim=True) if kind == "ce" else labels


def two_terms(kind: str, z_s: Tensor, y: Tensor, z_t: Tensor, share: float, tau: float) -> Tensor:
    """The formula as published: λ L_g(ψ(Z_s), y) + (1 - λ) L_d(ψ(Z_s), ψ(Z_t / τ)), L_d = KL(teacher || student)."""
    taught = as_probabilities(kind, z_t / tau)
    if kind == "ce":
        of_labels = -(y * z_s.log_softmax(dim=-1)).sum()
        divergence = F.kl_div(z_s.log_softmax(dim=-1), taught, reduction="sum")
    else:
        of_labels = F.binary_cross_entropy_with_logits(z_s, y, reduction="sum")
        on = torch.xlogy(taught, taught) - taught * F.logsigmoid(z_s)
        off = torch.xlogy(1 - taught, 1 - taught) - (1 - taught) * F.logsigmoid(-z_s)
        divergence = (on + off).sum()
    return share * of_labels + (1 - share) * divergence


def entropy(kind: str, taught: Tensor) -> Tensor:
    whole = -torch.xlogy(taught, taught).sum()
    return whole if kind == "ce" else whole - torch.xlogy(1 - taught, 1 - taught).sum()


@pytest.mark.parametrize("kind", ["bce", "ce"])
@given(student=LOGITS, teacher=LOGITS, shares=SHARES, share=st.floats(0, 1), tau=st.floats(0.25, 5))
def test_value_and_gradient_are_those_of_the_two_terms(
    kind: str, student: np.ndarray, teacher: np.ndarray, shares: np.ndarray, share: float, tau: float
) -> None:
    y, z_t = labels_of(kind, shares), torch.from_numpy(teacher)
    taught = as_probabilities(kind, z_t / tau)
    ours, theirs = (torch.from_numpy(student.copy()).requires_grad_() for _ in range(2))
    blended = summed_loss(kind, ours, blend(y, taught, share))
    separate = two_terms(kind, theirs, y, z_t, share, tau)
    constant = (1 - share) * entropy(kind, taught)
    torch.testing.assert_close(blended, separate + constant, atol=1e-8, rtol=1e-8)
    blended.backward()
    separate.backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-9, rtol=1e-9)


@given(targets=SHARES, taught=SHARES)
def test_with_labels_alone_the_targets_stay_to_the_bit(targets: np.ndarray, taught: np.ndarray) -> None:
    y, p = (torch.from_numpy(array).float() for array in (targets, taught))
    assert torch.equal(blend(y, p, 1.0), y)
    assert torch.equal(blend(y, p, 0.0), p)


@given(targets=SHARES, taught=SHARES, share=st.floats(0, 1))
def test_a_blend_lies_between_both(targets: np.ndarray, taught: np.ndarray, share: float) -> None:
    y, p = torch.from_numpy(targets), torch.from_numpy(taught)
    mixed = blend(y, p, share)
    assert (mixed >= torch.minimum(y, p) - 1e-12).all()
    assert (mixed <= torch.maximum(y, p) + 1e-12).all()
