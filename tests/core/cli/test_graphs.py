"""`soundmark models convert`, and a tagger that finds what it has made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import main
from core.inference.engines.making import parity
from core.inference.tagger import load_tagger
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import tiny_checkpoint
from rig.waiting import PATIENCE_S, wait_for

pytest.importorskip("openvino")
pytestmark = pytest.mark.slow


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny")
    return tmp_path / "tiny"


def convert(*words: str | Path) -> int:
    return main.main(["models", "convert", *map(str, words)])


def test_a_tagger_finds_the_graph_that_was_made(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times_ms = iter([5.0, 1.0, 2.0])  # PyTorch's first: the tiny model is no measure
    monkeypatch.setattr(parity, "_median_ms", lambda _run: next(times_ms))
    assert convert("--model", model, "--reading", "clip", "--frames", "96") == 0
    assert "0.96 s, clip:" in capsys.readouterr().out
    tagger = load_tagger(str(model), engine="openvino")
    frames = np.random.default_rng(0).normal(-6, 3, (96, 128)).astype(np.float32)
    exact = tagger.tag(frames).probabilities

    def is_a_graph() -> bool:
        np.testing.assert_allclose(tagger.tag(frames).probabilities, exact, atol=0.02)
        return tagger.engine.startswith("OpenVINO")

    wait_for(is_a_graph, PATIENCE_S, "the graph")


def test_one_of_two_options_that_belong_together_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--model", model, "--frames", "96") == 2
    assert "--reading" in capsys.readouterr().err
