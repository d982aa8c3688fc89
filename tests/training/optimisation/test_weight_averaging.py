"""Averages equal what averaging all at once would give, and a run that goes on loses nothing of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.errors import UserError
from training.optimisation.weight_averaging import RangeAverage, WeightAverage, cumulative_mean, ensemble_mean


def moments(n: int) -> list[nn.BatchNorm1d]:
    """A model with float weights, float statistics and an integer counter, at n moments."""
    models = []
    for i in range(n):
        model = nn.BatchNorm1d(3)
        torch.manual_seed(i)
        nn.init.normal_(model.weight)
        model(torch.randn(8, 3) + i)
        assert model.num_batches_tracked is not None
        model.num_batches_tracked.fill_(i)
        models.append(model)
    return models


def test_weight_average_follows_and_ends_between() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, decay=0.9)
    start = model.weight.detach().clone()
    assert model.num_batches_tracked is not None
    with torch.no_grad():
        model.weight.add_(1.0)
        model.num_batches_tracked.add_(5)
    average.update(model)
    # after one update the young average keeps (1 + 1) / (10 + 1) of what it was
    torch.testing.assert_close(average.model.weight.data, start + 1 - 2 / 11)
    assert average.model.num_batches_tracked == 5
    for _ in range(400):
        average.update(model)
    torch.testing.assert_close(average.model.weight.data, model.weight.data)
    assert not any(p.requires_grad for p in average.model.parameters())


def test_a_decay_of_zero_is_the_model_itself() -> None:
    first, second = moments(2)
    average = WeightAverage(first, decay=0.0)
    average.update(second)
    assert all(torch.equal(mine, second.state_dict()[name]) for name, mine in average.model.state_dict().items())


@given(st.integers(1, 12))
def test_range_average_is_the_mean_of_the_weights(n: int) -> None:
    models = moments(n)
    average = RangeAverage(models[0])
    for model in models:
        average.add(model)
    for name, mean in average.weights().items():
        every = [model.state_dict()[name] for model in models]
        expected = torch.stack(every).mean(dim=0) if mean.is_floating_point() else every[-1]
        torch.testing.assert_close(mean, expected, atol=1e-5, rtol=1e-5)
    assert average.n_added == n


def test_range_average_goes_on_from_a_state_file_to_the_bit() -> None:
    models = moments(5)
    unbroken, broken = RangeAverage(models[0]), RangeAverage(models[0])
    for model in models[:3]:
        broken.add(model)
    file = io.BytesIO()
    torch.save(broken.state_dict(), file)
    file.seek(0)
    resumed = RangeAverage(models[0])
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for model in models:
        unbroken.add(model)
    for model in models[3:]:
        resumed.add(model)
    assert resumed.n_added == 5
    assert all(torch.equal(tensor, resumed.weights()[name]) for name, tensor in unbroken.weights().items())


def test_a_model_takes_the_average() -> None:
    first, second = moments(2)
    average = RangeAverage(first)
    average.add(first)
    average.add(second)
    model = nn.BatchNorm1d(3)
    model.load_state_dict(average.weights())
    torch.testing.assert_close(model.weight, (first.weight + second.weight) / 2)


def test_cumulative_mean_is_the_mean_of_all_epochs_so_far() -> None:
    epochs = np.random.default_rng(0).random((7, 4, 3), dtype=np.float32)
    mean = None
    for n, probabilities in enumerate(epochs, 1):
        mean = cumulative_mean(mean, probabilities, n)
        assert mean.dtype == np.float32
        np.testing.assert_allclose(mean, epochs[:n].mean(axis=0), atol=1e-6)


def test_an_ensemble_is_the_mean_of_its_models() -> None:
    models = [np.full((2, 3), value, np.float32) for value in (0.1, 0.2, 0.6)]
    np.testing.assert_allclose(ensemble_mean(models), 0.3, atol=1e-7)
    assert ensemble_mean(models[:1]).tobytes() == models[0].tobytes()


def test_an_ensemble_of_other_labels_is_refused() -> None:
    with pytest.raises(UserError, match=r"2 x 3, 2 x 4"):
        ensemble_mean([np.zeros((2, 3), np.float32), np.zeros((2, 4), np.float32)])
    with pytest.raises(UserError, match="none"):
        ensemble_mean([])
