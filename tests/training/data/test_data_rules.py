"""One rule book: what the check passes trains, and what a training refuses the check has told, in the same words."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

import main
from core.errors import UserError
from core.run.data_report import DataReport, Finding
from core.run.messages import TrainingFinished, TrainingMessage
from tests.training.data_check.recordings import RATE, take, write
from tests.training.runs import PLAIN, run, save_teacher, small
from training.config.loading import load_recipe
from training.config.recipe import TrainConfig
from training.data_check.data_check import check_data
from training.head_only.training import train_head

pytestmark = pytest.mark.slow

LISTS: dict[str, tuple[list[str], str]] = {
    "one class": ([f"{i}.wav,bell," for i in range(6)], "Bell"),
    "one clip": ([*(f"{i}.wav,bell," for i in range(5)), "5.wav,rain,"], "Rain"),
    "one recording": ([f"{i}.wav,{'bell' if i % 2 else 'rain'},walk" for i in range(6)], "one recording"),
    "capitals": ([f"{i}.wav,{('Tone', 'tone', 'rain')[i % 3]}," for i in range(6)], "“Tone” and “tone”"),
    "underscores": ([f"{i}.wav,{('a_b', 'a b', 'rain')[i % 3]}," for i in range(6)], "“a b” and “a_b”"),
}


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for i in range(6):
        write(tmp_path / f"{i}.wav", take(i, 0.6))
    return tmp_path


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("backbone") / "owl", "nano", "other sounds", seed=0)


def listing(folder: Path, lines: list[str]) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(["path,label,group", *lines]) + "\n", encoding="utf-8")
    return path


def few(backbone: Path, *settings: str) -> TrainConfig:
    quick = ("epochs=2", "batch_size=8", "threads=1", "lengths_s=0.5", "length_weights=1", "background=0")
    return load_recipe("few-clips", [f"init={backbone}", *quick, *settings])


def fit(config: TrainConfig, data: Path, out: Path) -> TrainingMessage:
    messages: list[TrainingMessage] = []
    train_head(config, data, out, messages.append)
    return messages[-1]


def check(data: Path, config: TrainConfig | None = None, *test_folds: str) -> DataReport:
    return check_data(data, "", test_folds, lambda message: None, config)


def errors(report: DataReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity == "error"]


@pytest.mark.parametrize("case", LISTS)
def test_what_no_training_takes_is_an_error_of_the_check(case: str, clips: Path, backbone: Path) -> None:
    lines, words = LISTS[case]
    data = listing(clips, lines)
    [found] = errors(check(data))
    assert words in found.text
    for attempt in (
        lambda: run(data, clips / "loop", *PLAIN, "test_folds="),
        lambda: fit(few(backbone), data, clips / "few"),
    ):
        with pytest.raises(UserError) as refused:
            attempt()
        assert (refused.value.problem, refused.value.remedy) == (found.text, found.remedy)


def test_the_form_of_accents_is_told_in_words(clips: Path) -> None:
    forms = [unicodedata.normalize(form, "Vögel") for form in ("NFC", "NFD")]
    [found] = errors(check(listing(clips, [f"{i}.wav,{(*forms, 'rain')[i % 3]}," for i in range(6)])))
    assert "decomposed" in found.text


@pytest.mark.parametrize(
    "lines",
    [
        [f"{i}.wav,{'bell' if i < 2 else 'rain'}," for i in range(4)],
        [f"{i}.wav,{'bell' if i < 3 else ''}," for i in range(6)],
    ],
    ids=["two clips a class", "one class beside clips of nothing"],
)
def test_what_the_check_passes_trains(lines: list[str], clips: Path, backbone: Path) -> None:
    data = listing(clips, lines)
    assert errors(check(data)) == []
    assert isinstance(fit(few(backbone), data, clips / "few"), TrainingFinished)
    assert isinstance(run(data, clips / "loop", *PLAIN, "test_folds=", "batch_size=2")[-1], TrainingFinished)
    assert errors(check(data, few(backbone))) == []
    assert errors(check(data, small(*PLAIN, "test_folds="))) == []


def test_a_recipe_is_asked_about_its_own_split(clips: Path, backbone: Path) -> None:
    data = listing(clips, [f"{i}.wav,{'bell' if i < 2 else 'rain'}," for i in range(4)])
    [told] = [finding for finding in check(data).findings if finding.kind == "split"]
    assert told.severity == "warning", "only recipes that hold out fold 5 refuse four clips in four folds"
    assert "1, 2, 3, 4" in told.text
    config = small(*PLAIN)
    [found] = errors(check(data, config))
    with pytest.raises(UserError) as refused:
        run(data, clips / "loop", *PLAIN)
    assert found.text == refused.value.problem
    [left_over] = errors(check(data, few(backbone, "test_folds=1,2,3")))
    with pytest.raises(UserError) as refused:
        fit(few(backbone, "test_folds=1,2,3"), data, clips / "few")
    assert left_over.text == refused.value.problem


def test_windows_that_would_join_clips_of_one_label_are_told(clips: Path) -> None:
    data = listing(clips, [f"{i}.wav,{'bell' if i % 2 else 'rain'}," for i in range(6)])
    joins = (*PLAIN, "loss=ce", "lengths_s=5", "test_folds=")
    [found] = errors(check(data, small(*joins)))
    with pytest.raises(UserError) as refused:
        run(data, clips / "out", *joins)
    assert found.text == refused.value.problem


def test_nothing_but_digital_silence_is_refused_by_both(tmp_path: Path) -> None:
    for i in range(4):
        write(tmp_path / f"{i}.wav", np.zeros(RATE // 2 + i, np.float32))
    data = listing(tmp_path, [f"{i}.wav,{'bell' if i % 2 else 'rain'}," for i in range(4)])
    [found] = errors(check(data))
    with pytest.raises(UserError) as refused:
        run(data, tmp_path / "out", *PLAIN, "test_folds=")
    assert found.text == refused.value.problem


def test_the_command_takes_a_recipe(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = listing(clips, [f"{i}.wav,{'bell' if i < 2 else 'rain'}," for i in range(4)])
    assert main.main(["check", "--data", str(data)]) == 0
    assert main.main(["check", "--data", str(data), "--recipe", "esc50-scratch"]) == 1
    assert "has no fold 5" in capsys.readouterr().out
    assert main.main(["check", "--data", str(data), "--recipe", "esc50-scratch", "test_folds=1"]) == 0
    assert main.main(["check", "--data", str(data), "--recipe", "no-such"]) == 2
