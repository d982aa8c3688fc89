"""NumPy's probabilities are PyTorch's, for extreme logits too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.model.checkpoints import probabilities as in_torch
from core.model.format.probabilities import ACTIVATIONS, to_probabilities

LOGITS = np.array([[-200.0, -3.0, 0.0, 200.0], [1.0, 2.0, 3.0, 4.0]], np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pairs", [(), ((2.0, 0.0),) * 4, ((2.0, 0.5), (1.0, 0.0), (0.5, -1.0), (3.0, 0.0))])
def test_pytorch_has_the_same_probabilities(activation: str, pairs: tuple[tuple[float, float], ...]) -> None:
    ours = to_probabilities(activation, pairs)(LOGITS)
    theirs = in_torch.to_probabilities(activation, pairs)(torch.as_tensor(LOGITS)).numpy()
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_both_know_the_same_activations() -> None:
    assert set(ACTIVATIONS) == set(in_torch.ACTIVATIONS)
