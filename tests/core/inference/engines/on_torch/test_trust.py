"""Trust: a model's answers on a device, in a precision, are compared once, and not used where they are off."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.audio.log_mel import LogMelConfig
from core.inference.engines.making.parity import compared_windows
from core.inference.engines.models import Precision
from core.inference.engines.on_torch import trust
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.inference.engines.on_torch.trust import Comparison, trusted
from core.model.checkpoints.checkpoint import Checkpoint
from fakes import telling_checkpoint


class Gpu(PlacedNetwork):
    """A network that answers on the processor, off by so much in each precision, and counts what it is asked."""

    def __init__(self, checkpoint: Checkpoint, **off: float) -> None:
        super().__init__(checkpoint.build(), "cuda", Named())
        self.n_asked = 0
        self._off = off
        self.quiet_only = False

    def answer(self, asked: Pass, log_mel: np.ndarray) -> np.ndarray:
        self.n_asked += 1
        off = self._off.get(asked.precision, 0.0)
        if off < 0:
            raise RuntimeError("no kernel image is available")
        is_loud = log_mel.mean() > -1.0
        logits = self.on_cpu().answer(Pass(asked.reading, asked.merge, "fp32"), log_mel)
        return logits if self.quiet_only and is_loud else logits + np.float32(off)


class Named:
    """A device with a name."""

    at_once = 4
    name = "a graphics processor"

    def run(self, key: object, forward: object, log_mel: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def free(self) -> None: ...


@pytest.fixture
def checkpoint() -> Checkpoint:
    return telling_checkpoint()


@cache
def windows() -> list[np.ndarray]:
    return [window[:, :64] for window in compared_windows(LogMelConfig(), 1024)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trust, "compared_windows", lambda *_: windows())
    monkeypatch.setattr(trust, "trust_folder", lambda: tmp_path / "trust")
    return tmp_path / "trust"


@pytest.mark.parametrize(
    ("off", "device", "precision", "n_told"),
    [
        ({}, "cuda", "bf16", 0),
        ({"bf16": 0.01}, "cuda", "bf16", 0),
        ({"bf16": 0.5}, "cuda", "fp32", 1),
        ({"bf16": float("nan")}, "cuda", "fp32", 1),
        ({"bf16": -1.0}, "cuda", "fp32", 1),
        ({"bf16": 0.5, "fp32": 0.5}, "cpu", "fp32", 2),
        ({"bf16": -1.0, "fp32": -1.0}, "cpu", "fp32", 2),
    ],
)
def test_what_is_off_or_fails_is_not_used_and_that_is_told(
    checkpoint: Checkpoint,
    caplog: pytest.LogCaptureFixture,
    off: dict[str, float],
    device: str,
    precision: Precision,
    n_told: int,
) -> None:
    caplog.set_level(logging.WARNING)
    network = Gpu(checkpoint, **off)
    place, used = trusted(network, "bf16", checkpoint)
    assert (place.device, used) == (device, precision)
    assert len(caplog.messages) == n_told
    assert all("not used" in message for message in caplog.messages)


def test_a_device_that_is_right_on_loud_sound_alone_is_not_trusted(checkpoint: Checkpoint) -> None:
    network = Gpu(checkpoint, fp16=0.5)
    network.quiet_only = True
    assert [window.mean() > -1.0 for window in windows()] == [True] * 3 + [False] * 3
    assert trusted(network, "fp16", checkpoint) == (network, "fp32")


def test_a_comparison_is_kept_for_each_model_precision_and_device(checkpoint: Checkpoint, folder: Path) -> None:
    network = Gpu(checkpoint, bf16=0.5)
    trusted(network, "bf16", checkpoint)
    assert len(list(folder.iterdir())) == 2  # bf16 and fp32
    first = network.n_asked
    assert first > 0
    assert trusted(network, "bf16", checkpoint)[1] == "fp32"
    assert network.n_asked == first
    trusted(network, "fp16", checkpoint)
    trusted(network, "bf16", telling_checkpoint(name="Another", pad_to_window=True))
    assert network.n_asked > first


def test_a_damaged_comparison_is_made_again(checkpoint: Checkpoint, folder: Path) -> None:
    network = Gpu(checkpoint)
    trusted(network, "bf16", checkpoint)
    [file] = folder.iterdir()
    whole = file.read_text()
    for damaged in ("", whole[:10], "[]", '{"difference": 0.0}', '{"difference": "x", "faster": []}'):
        file.write_text(damaged)
        assert trusted(network, "bf16", checkpoint) == (network, "bf16")
        assert set(file.read_text()) >= set("{}")
    file.unlink()
    file.mkdir()  # cannot be written
    assert trusted(network, "bf16", checkpoint) == (network, "bf16")


@pytest.mark.parametrize(
    ("has_bf16", "found", "precision"),
    [
        (True, Comparison(0.001, 1.5), "bf16"),
        (True, Comparison(0.001, 0.9), "fp32"),
        (True, Comparison(0.03, 1.5), "fp32"),
        (False, Comparison(0.0, 2.0), "fp32"),
    ],
)
def test_a_processor_computes_in_bf16_where_it_has_it_and_is_faster_so(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, has_bf16: bool, found: Comparison, precision: Precision
) -> None:
    monkeypatch.setattr(trust, "has_bf16", lambda: has_bf16)
    monkeypatch.setattr(trust, "compare", lambda *_: found)
    network = PlacedNetwork(checkpoint.build(), "cpu")
    assert trusted(network, "bf16", checkpoint) == (network, precision)


def test_a_processor_that_stands_in_for_a_gpu_has_no_fp16(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "has_bf16", lambda: True)
    network = PlacedNetwork(checkpoint.build(), "cpu")
    assert trusted(network, "fp16", checkpoint) == (network, "fp32")


def test_a_comparison_tells_difference_and_speed(checkpoint: Checkpoint) -> None:
    network = PlacedNetwork(checkpoint.build(), "cpu")
    found = trust.compare(network, "bf16", checkpoint)
    assert 0 < found.difference < 0.02
    assert found.faster > 0
    assert trust.compare(network, "fp32", checkpoint).difference == 0.0
