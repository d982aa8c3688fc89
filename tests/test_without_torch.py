"""Where graphs of a model are at hand, tagging files and listening import neither torch nor what belongs to it, and
answer as PyTorch does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import main
from core.cli.graphs import ConvertOptions, run_convert
from core.cli.model_options import ModelOptions
from core.inference.engines.making.parity import MOST_DIFFERENCE
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import telling_checkpoint, tiny_checkpoint, write_noise

pytest.importorskip("openvino")

REPOSITORY = Path(__file__).resolve().parents[1]
BLOCKED = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "timm", "torchaudio", "torchvision"}:
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Refusal())
import main
sys.exit(main.main(sys.argv[1:]))
"""
HEAVY = ("torch", "timm", "torchaudio", "torchvision", "scipy", "sklearn", "transformers", "huggingface_hub", "pyarrow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with their graphs, and a sound."""
    folder = tmp_path_factory.mktemp("without_torch")
    save_checkpoint(telling_checkpoint(), folder / "frames")
    save_checkpoint(tiny_checkpoint(), folder / "clips")
    write_noise(folder / "a.wav", 13.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        for name in ("frames", "clips"):
            run_convert(ConvertOptions(ModelOptions(str(folder / name), precision="fp32")))
    return folder


GRAPHS = ("--engine", "openvino", "--precision", "fp32")


def lines_without_torch(folder: Path, *words: str) -> list[dict]:
    """What a verb prints as JSON lines in a process that cannot import torch."""
    command = [sys.executable, "-c", BLOCKED, *words, "--format", "jsonl", *GRAPHS]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    run = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def lines_here(*words: str) -> list[dict]:
    """What a verb prints as JSON lines in this process, which has imported torch."""
    with redirect_stdout(io.StringIO()) as printed:
        assert main.main([*words, "--format", "jsonl"]) == 0
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def scores_of(lines: list[dict]) -> np.ndarray:
    """Of each window or row, in the order of the labels."""
    found = [sorted((one["label"], one["p"]) for one in line["scores"]) for line in lines if "scores" in line]
    return np.array([[p for _, p in scores] for scores in found])


@pytest.mark.parametrize(
    ("model", "verb"),
    [
        ("frames", ("tag", "{sound}", "--all-scores")),
        ("clips", ("tag", "{sound}", "--all-scores")),
        ("frames", ("listen", "--input", "{sound}", "--fast")),
        ("clips", ("listen", "--input", "{sound}", "--fast")),
    ],
    ids=["tag", "tag-without-frame-head", "listen", "listen-without-frame-head"],
)
def test_the_tags_are_those_of_pytorch(folder: Path, model: str, verb: tuple[str, ...]) -> None:
    words = [word.format(sound=folder / "a.wav") for word in verb] + ["--model", str(folder / model)]
    light, exact = lines_without_torch(folder, *words), lines_here(*words, "--engine", "torch")
    assert [(line["type"], line.get("start_s")) for line in light if line["type"] == "window"] == [
        (line["type"], line.get("start_s")) for line in exact if line["type"] == "window"
    ]
    assert len(scores_of(light)) > 1
    np.testing.assert_allclose(scores_of(light), scores_of(exact), atol=MOST_DIFFERENCE)


def test_a_size_without_a_graph_is_pytorch_s(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_noise(folder / "short.wav", 3.0)
    words = ("tag", str(folder / "short.wav"), "--all-scores", "--model", str(folder / "clips"))
    with pytest.raises(AssertionError, match=r"torch|timm"):
        lines_without_torch(folder, *words)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    assert np.array_equal(scores_of(lines_here(*words, *GRAPHS)), scores_of(lines_here(*words, "--engine", "torch")))


@pytest.mark.parametrize(
    "module",
    [
        "core.cli.tag",
        "core.cli.listen",
        "core.inference.tagger",
        "core.inference.listener",
        "core.inference.file_tagging",
        "app.application",
    ],
)
def test_heavy_packages_are_imported_when_they_are_needed(module: str) -> None:
    script = f"import sys, core, {module}; print(*sorted(set(sys.modules) & set({HEAVY})))"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True).split() == []
