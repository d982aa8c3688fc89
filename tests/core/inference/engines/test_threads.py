"""PyTorch leaves a core to capture and drawing; windows of files wait for those of the live view."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.inference.engines import threads
from core.inference.engines.compiled_graph import _Requests
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.inference.engines.threads import TURNS, Turns
from core.model.merging.schedule import NO_MERGING
from fakes import tiny_checkpoint
from rig.waiting import PATIENCE_S, wait_for

REPOSITORY = Path(__file__).resolve().parents[4]
LATER = """
import sys
from core.inference.engines.threads import leave_a_core, share_cores
leave_a_core()
assert "torch" not in sys.modules
import torch
torch.set_num_threads(3)
share_cores()
share_cores()
print(torch.get_num_threads())
"""
NOT_ASKED = """
import torch
from core.inference.engines.threads import share_cores
torch.set_num_threads(3)
share_cores()
print(torch.get_num_threads())
"""


@pytest.mark.slow
@pytest.mark.parametrize(("script", "n_threads"), [(LATER, 2), (NOT_ASKED, 3)], ids=["asked", "not-asked"])
def test_a_core_is_left_once_and_only_where_it_was_asked_for(script: str, n_threads: int) -> None:
    printed = subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True)
    assert int(printed) == n_threads


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine that runs the tests is."""
    monkeypatch.setattr(threads, "LONGEST_WAIT_S", float(PATIENCE_S))


@dataclass
class Clock:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_short_windows_of_files_wait_for_a_live_one_and_for_nothing_else() -> None:
    clock = Clock()
    turns = Turns(clock)
    assert turns.wait_s(0.02) == 0, "nobody listens"
    with turns.live(hop_s=0.25):
        assert turns.wait_s(0.02) == threads.LONGEST_WAIT_S
        clock.now_s += 0.01
    assert turns.wait_s(0.02) == 0
    clock.now_s += 0.23
    assert turns.wait_s(0.02) == 0, "it would hold the next one up by a tenth of a hop at most"


def test_long_windows_of_files_begin_after_a_live_one_or_where_they_are_in_nobodys_way() -> None:
    clock = Clock()
    turns = Turns(clock)
    with turns.live(hop_s=1.0):
        clock.now_s += 0.2
    assert turns.wait_s(3.0) == 0, "there is no better moment"
    clock.now_s += 0.2
    assert turns.wait_s(0.5) == 0, "it will be done by then"
    assert turns.wait_s(0.7) == pytest.approx(0.7), "until the next one is overdue"
    with turns.live(hop_s=1.0):
        clock.now_s += 0.2
    assert turns.wait_s(0.7) == 0
    clock.now_s += 5
    assert turns.wait_s(0.7) == 0, "nobody listens any more"


def test_a_window_that_waits_begins_when_the_live_one_is_done() -> None:
    turns = Turns()
    with ThreadPoolExecutor(1) as pool:
        with turns.live(hop_s=0.25):
            waiting = pool.submit(turns.wait, 0.02)
            wait_for(lambda: turns.n_waiting or waiting.done(), PATIENCE_S, "a window that waits")
            assert not waiting.done()
        waiting.result(PATIENCE_S)
    assert turns.n_waiting == 0


def test_a_window_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LONGEST_WAIT_S", 0.01)
    turns = Turns()
    with turns.live(hop_s=0.25):
        turns.wait(0.02)  # a live view that is always busy: files are late, but they end


class Asked:
    """In place of OpenVINO's compiled model of two streams, and of its requests."""

    latency = 20.0

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def get_property(self, _name: str) -> int:
        return 2

    def create_infer_request(self) -> Asked:
        return Asked(self.turns)

    def start_async(self, inputs: list[np.ndarray]) -> None:
        self.data = inputs[0] + 1
        assert not self.turns._n_live, "begun beside a live window"

    def infer(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        self.start_async(inputs)
        return [self.data]

    def wait(self) -> None:
        pass

    def get_output_tensor(self, _place: int) -> Asked:
        return self


@pytest.mark.parametrize("n_windows", [1, 5])
def test_graphs_take_turns_and_answer_in_order(n_windows: int) -> None:
    turns = Turns()
    requests = _Requests(Asked(turns), turns)
    windows = [np.full((1, 2), place, np.float32) for place in range(n_windows)]
    with ThreadPoolExecutor(1) as pool:
        with turns.live(hop_s=0.25):
            if n_windows == 1:
                answers = pool.submit(lambda: [requests.run_later(windows[0])])
            else:
                answers = pool.submit(requests.run_all, windows)
            wait_for(lambda: turns.n_waiting or answers.done(), PATIENCE_S, "a window that waits")
            assert not answers.done()
        assert [answer[0, 0] for answer in answers.result(PATIENCE_S)] == [place + 1 for place in range(n_windows)]


def test_pytorch_takes_turns_too() -> None:
    engine = TorchEngine(PlacedNetwork(tiny_checkpoint().build(), "cpu"), NO_MERGING)
    window = np.zeros((1, 48, 128), np.float32)
    with ThreadPoolExecutor(1) as pool:
        with TURNS.live(hop_s=0.25):
            answers = pool.submit(engine.run_many, "clip", [window, window])
            wait_for(lambda: TURNS.n_waiting or answers.done(), PATIENCE_S, "a window that waits")
            assert not answers.done()
        first, second = answers.result(PATIENCE_S)
    np.testing.assert_array_equal(first, second)
