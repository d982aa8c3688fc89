"""A network where it runs: shared by engines, and copied to the processor when the device fails."""

from __future__ import annotations

import numpy as np

from core.inference.engines.on_torch.cuda import CudaBackend
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint

INPUTS = np.random.default_rng(0).normal(0, 0.5, (2, 64, 128)).astype(np.float32)


def test_each_reading_and_schedule_is_answered() -> None:
    network = telling_checkpoint().build()
    placed = PlacedNetwork(network, "cpu")
    clip = placed.answer(Pass("clip", NO_MERGING, "fp32"), INPUTS)
    merged = placed.answer(Pass("clip", MergeSchedule(r=8), "fp32"), INPUTS)
    columns = placed.answer(Pass("columns", NO_MERGING, "fp32"), INPUTS)
    assert (clip.shape, columns.shape) == ((2, 4), (2, 4, 4))
    assert np.abs(clip - merged).max() > 1e-4


def test_the_copy_on_the_processor_shares_no_weights_and_is_made_once() -> None:
    placed = PlacedNetwork(telling_checkpoint().build(), "cuda", CudaBackend(place="cpu"))
    other = placed.on_cpu()
    assert other.device == "cpu"
    assert other is placed.on_cpu() is other.on_cpu()
    asked = Pass("columns", NO_MERGING, "fp32")
    np.testing.assert_allclose(other.answer(asked, INPUTS), placed.answer(asked, INPUTS), atol=1e-6)
    mine, its = (list(one.exact.parameters()) for one in (placed, other))
    assert not {id(one) for one in mine} & {id(one) for one in its}


def test_the_network_of_a_precision_is_made_once() -> None:
    placed = PlacedNetwork(telling_checkpoint().build(), "cpu")
    first = placed._in("bf16")
    placed.answer(Pass("clip", NO_MERGING, "bf16"), INPUTS)
    assert placed._in("bf16") is first
    assert placed._in("fp32") is placed.exact
