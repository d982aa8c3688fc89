"""`--stride` and `--no-pad` reach the model in every verb that tags; strides are refused where there are no patches."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import main
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import tiny_checkpoint


@pytest.fixture
def model(tmp_path: Path) -> str:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    return str(tmp_path / "m")


@pytest.mark.slow
def test_bench_measures_the_grid_of_the_strides_asked_for(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["bench", "--model", model, "--seconds", "0.01", "--json", "--device", "cpu"]
    tokens = []
    for stride in ([], ["--stride", "10x10"]):
        assert main.main([*options, *stride]) == 0
        settings = json.loads(capsys.readouterr().out)["settings"]
        tokens.append(settings[0]["tokens_in"])
        assert {setting["tokens_in"] for setting in settings} == {tokens[-1]}
        assert all((setting["tokens_out"] < tokens[-1]) == (setting["merge"] != "off") for setting in settings)
    assert tokens == [514, 1214]


@pytest.mark.slow
def test_architectures_without_weights_are_timed_at_other_strides_too(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["bench", "--model", "ast-tiny-16", "--seconds", "0.01", "--json", "--device", "cpu"]
    assert main.main([*options, "--stride", "32x32"]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert {setting["tokens_in"] for setting in settings} == {2 + 4 * 32}


def test_evaluate_names_the_strides_in_its_report(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "dog").mkdir(parents=True)
    (tmp_path / "data" / "rain").mkdir()
    for name in ("dog", "rain"):
        noise = np.random.default_rng(0).normal(0, 0.1, 8000)
        soundfile.write(tmp_path / "data" / name / "a.wav", noise, 16_000)
    options = ["evaluate", "--model", model, "--data", str(tmp_path / "data"), "--json", "--device", "cpu"]
    assert main.main([*options, "--stride", "12x8"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "Tiny, strides 12 x 8"


def test_a_model_without_patches_refuses_strides(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["bench", "--stride", "16x16", "--seconds", "0.01"]) == 2
    assert "has no patch strides" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["tag", "evaluate"])
def test_short_input_may_stay_as_short_as_it_is(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Published models hear zero frames behind it, unless somebody wants otherwise."""
    for folder, is_padded in (("plain", False), ("padded", True)):
        save_checkpoint(tiny_checkpoint(pad_to_window=is_padded), tmp_path / folder)
    (tmp_path / "data" / "dog").mkdir(parents=True)
    (tmp_path / "data" / "rain").mkdir()
    clip = tmp_path / "data" / "dog" / "a.wav"
    for path in (clip, tmp_path / "data" / "rain" / "a.wav"):
        soundfile.write(path, np.random.default_rng(len(path.parent.name)).normal(0, 0.1, 16_000), 16_000)
    words = {
        "tag": [str(clip), "--format", "jsonl", "--all-scores"],
        "evaluate": ["--data", str(tmp_path / "data"), "--json", "--out", str(tmp_path / "report.json")],
    }[verb]

    def scores(folder: str, *more: str) -> object:
        assert main.main([verb, *words, "--model", str(tmp_path / folder), "--device", "cpu", *more]) == 0
        said = capsys.readouterr().out
        if verb == "tag":
            return json.loads(said)["scores"]
        return json.loads((tmp_path / "report.json").read_text())["clips"]

    assert scores("plain") != scores("padded")
    assert scores("plain") == scores("padded", "--no-pad") == scores("plain", "--no-pad")
