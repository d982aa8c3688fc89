"""The quick look at agreement: exact answers agree, others do not, and one window of a few says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from core.inference.engines.making import agreement
from core.inference.engines.making.agreement import FEWEST_WINDOWS, MOST_WINDOWS, Unmerged
from core.inference.engines.models import Reading, Shape
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING
from fakes import telling_checkpoint


@pytest.fixture(params=["clip", "columns"])
def reading(request: pytest.FixtureRequest) -> Reading:
    return request.param


@pytest.fixture
def unmerged(reading: Reading) -> Unmerged:
    checkpoint = telling_checkpoint()
    return Unmerged(checkpoint, Shape(reading, 256), checkpoint.build())


def test_pytorch_agrees_with_itself(unmerged: Unmerged, reading: Reading) -> None:
    exact = TorchEngine(PlacedNetwork(telling_checkpoint().build(), "cpu"), NO_MERGING)
    found = unmerged.agreement(lambda window: exact.run(reading, window))
    assert (found.share, found.is_enough) == (1.0, True)
    assert found.difference == pytest.approx(0, abs=1e-6)


def test_other_answers_do_not(unmerged: Unmerged, reading: Reading) -> None:
    exact = TorchEngine(PlacedNetwork(telling_checkpoint().build(), "cpu"), NO_MERGING)
    found = unmerged.agreement(lambda window: -exact.run(reading, window))
    assert found.share < 0.5
    assert found.difference > 0.01


def test_one_window_with_another_top_label_says_nothing(unmerged: Unmerged, reading: Reading) -> None:
    exact, asked = TorchEngine(PlacedNetwork(telling_checkpoint().build(), "cpu"), NO_MERGING), list[int]()

    def run(window: np.ndarray) -> np.ndarray:
        asked.append(1)
        logits = exact.run(reading, window)
        return -logits if len(asked) == 1 else logits

    assert unmerged.agreement(run).share == 1.0
    assert len(asked) == MOST_WINDOWS


def test_a_slow_model_is_asked_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "_LOOKED_S", -1.0)
    checkpoint = telling_checkpoint()
    assert len(Unmerged(checkpoint, Shape("clip", 256), checkpoint.build())._windows) == FEWEST_WINDOWS
