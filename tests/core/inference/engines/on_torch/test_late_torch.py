"""An engine that is built when it is first asked: once, whoever asks, and again where that failed."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

from core.inference.engines.on_torch.late_torch import Late, LateTorch, placed_network
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import NO_MERGING
from fakes import tiny_checkpoint
from rig.waiting import PATIENCE_S

WINDOW = np.zeros((1, 50, 128), np.float32)


def test_a_value_is_made_once_and_threads_wait_for_it() -> None:
    may_go, made = threading.Event(), list[int]()

    def make() -> int:
        assert may_go.wait(PATIENCE_S)
        made.append(1)
        return 7

    late, found = Late(make), list[int]()
    threads = [threading.Thread(target=lambda: found.append(late.get())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not late.is_made
    may_go.set()
    for thread in threads:
        thread.join()
    assert (found, made, late.is_made) == ([7, 7, 7], [1], True)


def test_what_fails_is_tried_again() -> None:
    answers = iter([ValueError("no"), 3])

    def make() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    late = Late(make)
    with pytest.raises(ValueError, match="no"):
        late.get()
    assert late.get() == 3


def test_the_engine_is_built_by_the_first_input() -> None:
    exact = TorchEngine(PlacedNetwork(tiny_checkpoint().build(), "cpu"), NO_MERGING)
    late = LateTorch(lambda: exact, "cpu", "fp32")
    assert (late.describe(), late.at_once) == (exact.describe(), exact.at_once)
    assert late.run_many("clip", []) == []
    assert not late.is_loaded
    np.testing.assert_array_equal(late.run("clip", WINDOW), exact.run("clip", WINDOW))
    assert late.is_loaded
    np.testing.assert_array_equal(late.run_many("clip", [WINDOW])[0], exact.run("clip", WINDOW))


class NoRoom(torch.nn.Linear):
    """Does not fit on a GPU."""

    def to(self, *args: Any, **_: Any) -> NoRoom:
        if args[0] != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self


def test_a_model_that_a_gpu_has_no_memory_for_is_run_by_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    network = NoRoom(1, 1)
    monkeypatch.setattr(Checkpoint, "build", lambda _checkpoint: network)
    placed = placed_network(tiny_checkpoint(), "cuda")
    assert (placed.device, placed.exact) == ("cpu", network)
    [told] = caplog.messages
    assert "memory" in told
