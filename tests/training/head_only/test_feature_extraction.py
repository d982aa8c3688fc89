"""The extraction of features: its number of rounds, requests, and runs that are resumed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from core.run.messages import (
    Command,
    TrainingMessage,
    TrainingPaused,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from tests.training.head_only.few_clips import few, resume, run, weights_of
from training.head_only import feature_extraction
from training.head_only.feature_extraction import rounds_for
from training.head_only.training import train_head
from training.loop.control import RunControl

pytestmark = pytest.mark.slow


class StopsSoon(RunControl):
    """Lets a run have a batch or two."""

    def __init__(self) -> None:
        super().__init__()
        self._n_polls = 0

    def poll(self) -> Command | None:
        self._n_polls += 1
        return "stop" if self._n_polls == 2 else None


def test_stop_ends_it_and_pause_waits(backbone: Path, clips: Path, tmp_path: Path) -> None:
    control = RunControl()
    for wish in ("pause", "resume", "stop"):
        control.request(wish)
    messages = run(few(backbone), clips, tmp_path, control)
    assert [message.paused for message in messages if isinstance(message, TrainingPaused)] == [True, False]
    assert isinstance(messages[-1], TrainingStopped)
    assert not (tmp_path / "checkpoint").exists()


def test_the_number_of_rounds_follows_from_the_number_of_clips(
    backbone: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [rounds_for(n, 40) for n in (4, 40, 100, 400, 1000, 100_000)] == [40, 38, 15, 4, 2, 1]
    monkeypatch.setattr(feature_extraction, "VIEWS", 40)  # of 20 clips
    seen: list[TrainingMessage] = []

    def slow(message: TrainingMessage) -> None:
        seen.append(message)
        time.sleep(0.05)  # as a machine that is busy with other things

    train_head(few(backbone, "epochs=40"), clips, tmp_path / "slow", slow)
    messages = run(few(backbone, "epochs=40"), clips, tmp_path / "quick")
    [started] = [message for message in messages if isinstance(message, TrainingStarted)]
    assert started.n_epochs == 3, "two rounds, and the fit"
    slow_weights, quick_weights = weights_of(tmp_path / "slow"), weights_of(tmp_path / "quick")
    assert all(torch.equal(slow_weights[name], tensor) for name, tensor in quick_weights.items())
    first = messages[messages.index(started) + 1]
    assert isinstance(first, TrainingStep)
    assert (first.step, first.n_steps) == (0, 6)
    assert first.seconds_left > 0, "the expected time is told before the first batch"


def test_a_run_that_is_stopped_anywhere_resumes_to_the_same_weights(
    backbone: Path, clips: Path, tmp_path: Path
) -> None:
    config = few(backbone, "epochs=2", "time_budget_min=1000")
    whole = run(config, clips, tmp_path / "whole")
    n_stops = 0
    for part in range(50):
        messages: list[TrainingMessage] = []
        control = StopsSoon()
        if train_head(config, clips, tmp_path / "broken", messages.append, control=control, resume=part > 0):
            break
        assert isinstance(messages[-1], TrainingStopped)
        n_stops += 1
    assert 6 <= n_stops < 10, "within the whole clips, and after each batch of two rounds of three"
    assert [message.n_epochs for message in whole if isinstance(message, TrainingStarted)] == [3]
    expected, found = weights_of(tmp_path / "whole"), weights_of(tmp_path / "broken")
    assert all(torch.equal(found[name], array) for name, array in expected.items())


def test_a_time_budget_is_asked_once(backbone: Path, clips: Path, tmp_path: Path) -> None:
    control = RunControl()
    config = few(backbone, "epochs=40", "time_budget_min=0.000001")

    def stop_in_first_round(message: TrainingMessage) -> None:
        if isinstance(message, TrainingStep):
            control.request("stop")

    assert train_head(config, clips, tmp_path, stop_in_first_round, control=control) is None
    [started] = [message for message in resume(config, clips, tmp_path) if isinstance(message, TrainingStarted)]
    assert started.n_epochs == 2, "one round"
    again = resume(few(backbone, "epochs=40", "time_budget_min=100"), clips, tmp_path)
    assert [message.n_epochs for message in again if isinstance(message, TrainingStarted)] == [2]
