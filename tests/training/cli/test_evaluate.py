"""`soundmark evaluate`: the figures are those of the model's own answers, and nothing is dropped in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import main
from core.audio.decoding.decode import read_clip
from core.audio.log_mel import LogMel
from core.cli.model_options import ModelOptions
from core.errors import UserError
from core.inference.tagger import load_tagger
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.run.evaluation_report import EvaluationReport
from fakes import tiny_checkpoint
from training.cli.evaluate import EvaluateOptions, run_evaluation

pytestmark = pytest.mark.slow

CLIPS = {
    "a.wav": ("dog", "1"),
    "b.wav": ("rain", "1"),
    "c.wav": ("siren", "2"),
    "d.wav": ("whale", "2"),
    "e.wav": ("dog", "2"),
    "f.wav": ("rain", "2"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six half-second clips; the model knows no whale, the data no clock."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["path,label,fold_or_split"]
    for i, (name, (label, fold)) in enumerate(CLIPS.items()):
        sound = rng.normal(0, 0.1, 8000) if i % 2 else 0.3 * np.sin(np.arange(8000) * (0.1 + 0.1 * i))
        soundfile.write(folder / name, sound, 16_000)
        lines.append(f"{name},{label},{fold}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder


def saved(path: Path, **changes: Any) -> str:
    save_checkpoint(tiny_checkpoint(**changes), path, dtype=torch.float32)
    return str(path)


def louder_head(path: Path, seed: int) -> str:
    """A model whose answers differ from label to label, unlike a fresh one's."""
    checkpoint = tiny_checkpoint()
    noise = torch.randn(4, 24, generator=torch.Generator().manual_seed(seed))
    save_checkpoint(Checkpoint(checkpoint.config, {**checkpoint.weights, "mlp_head.1.weight": noise}), path)
    return str(path)


def evaluate(*words: str | Path) -> int:
    return main.main(["evaluate", *map(str, words), "--device", "cpu"])


def report_of(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_figures_are_of_the_labels_that_both_know(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = louder_head(tmp_path / "m", 0)
    assert evaluate("--model", model, "--data", data, "--json", "--out", tmp_path / "report.json") == 0
    said = capsys.readouterr()
    report = EvaluationReport.load(tmp_path / "report.json")
    assert json.loads(said.out) == json.loads(report.to_json())
    assert report.labels == ("Dog", "Rain", "Siren")
    assert "1 labels of the data: Whale (1)" in said.err
    assert re.search(r"\b1 clips .* left out", said.err)
    assert re.search(r"\b1 labels of the model .* the other 3\b", said.err)

    tagger = load_tagger(model, device="cpu")
    assert [Path(clip.path).name for clip in report.clips] == ["a.wav", "b.wav", "c.wav", "e.wav", "f.wav"]
    for clip in report.clips:
        frames = LogMel(tagger.log_mel)(read_clip(Path(clip.path), 16_000))
        own = tagger.tag(frames).probabilities[:3]
        assert clip.predicted == own.argmax()
        assert clip.score == pytest.approx(own.max(), abs=2e-3)
    right = np.mean([clip.predicted in clip.truth for clip in report.clips])
    assert report.metrics["accuracy"].value == pytest.approx(right)


def test_one_fold(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = saved(tmp_path / "m")
    evaluate("--model", model, "--data", data, "--fold", "1", "--json")
    report = report_of(capsys)
    assert report["split"] == "fold 1"
    assert [Path(clip["path"]).name for clip in report["clips"]] == ["a.wav", "b.wav"]
    assert evaluate("--model", model, "--data", data, "--fold", "7") == 2
    assert re.search(r"no fold 7\. .*\b1, 2\b", capsys.readouterr().err)


def test_clips_that_were_trained_on_are_counted(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = {"data": "data", "test_folds": ["2"], "started_from": None}
    model = saved(tmp_path / "m", provenance={"data": "other", "test_folds": ["1"], "started_from": earlier})
    evaluate("--model", model, "--data", data, "--json")
    said = capsys.readouterr()
    assert "2 of these 5 clips" in said.err
    assert re.search(r"Trained on other: .* data ", said.err)
    assert json.loads(said.out)["split"] == "all clips, 2 of 5 trained on"
    evaluate("--model", model, "--data", data, "--fold", "2")
    assert "were trained on" not in capsys.readouterr().err


def test_clips_that_a_teachers_teacher_was_trained_on_are_counted(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owl = {"name": "Owl", "data": "data", "test_folds": ["2"], "went_on": True}
    teacher = {"name": "Rook", "data": "data", "test_folds": ["1", "2"], "went_on": False, "teachers": [owl]}
    provenance = {"data": "data", "test_folds": ["1", "2"], "started_from": None, "teachers": [teacher]}
    evaluate("--model", saved(tmp_path / "m", provenance=provenance), "--data", data, "--json")
    said = capsys.readouterr()
    assert "2 of these 5 clips" in said.err
    assert "Trained on unnamed data" in said.err


def test_an_ensemble_answers_with_the_mean_of_its_probabilities(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [louder_head(tmp_path / str(seed), seed) for seed in range(2)]
    scores = []
    for chosen in ([models[0]], [models[1]], models):
        evaluate(*(word for model in chosen for word in ("--model", model)), "--data", data, "--fold", "1", "--json")
        scores.append([clip["truth_score"] for clip in report_of(capsys)["clips"]])
    np.testing.assert_allclose(scores[2], np.mean(scores[:2], axis=0), atol=1e-6)
    assert not np.allclose(scores[0], scores[1], atol=1e-3)


def test_members_of_an_ensemble_must_agree(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owl = saved(tmp_path / "owl")
    other = saved(tmp_path / "other", labels=LabelSet.from_ids(["rain", "dog", "siren", "clock_tick"]))
    assert evaluate("--model", owl, "--model", other, "--data", data) == 1
    assert "different labels" in capsys.readouterr().err
    softmax = saved(tmp_path / "softmax", activation="softmax")
    assert evaluate("--model", owl, "--model", softmax, "--data", data) == 1
    assert "sigmoid probabilities" in capsys.readouterr().err


def test_data_of_other_labels_are_reported(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = saved(tmp_path / "m", labels=LabelSet.from_ids(["w", "x", "y", "z"]))
    assert evaluate("--model", model, "--data", data) == 1
    assert "knows none of the labels" in capsys.readouterr().err


def test_tables_for_people(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("--model", saved(tmp_path / "m"), "--data", data, "--merge", "off")
    shown = capsys.readouterr().out
    assert "Tiny on data, all clips: 5 clips, merge off" in shown
    assert all(word in shown for word in ("Accuracy", "95 % interval", "Dog", "threshold"))


def test_a_report_that_cannot_be_written_is_reported(data: Path, tmp_path: Path) -> None:
    model = ModelOptions(saved(tmp_path / "m"), device="cpu")
    with pytest.raises(UserError, match="cannot be written"):
        run_evaluation(EvaluateOptions((model,), data, out=tmp_path / "nowhere" / "r.json"))


def test_the_command_line_of_evaluate(capsys: pytest.CaptureFixture[str]) -> None:
    options = vars(main.parse(["evaluate", "--data", "d", "--fold", "1", "--fold", "2", "--model", "m"]))
    assert (options["data"], options["fold"], options["model"]) == (Path("d"), ["1", "2"], ["m"])
    assert (options["merge"], options["device"], options["precision"], options["json"]) == (*["auto"] * 3, False)
    with pytest.raises(SystemExit) as caught:
        main.main(["evaluate"])
    assert caught.value.code == 2
    assert "--data" in capsys.readouterr().err
