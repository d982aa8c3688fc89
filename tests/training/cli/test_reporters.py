"""Reporters: JSON lines, a progress bar, a log that is appended to, curves for TensorBoard."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from tensorboardX import SummaryWriter

from core.cli.terminal.streams import ResultStream
from core.errors import UserError
from core.run.messages import (
    TrainingEpoch,
    TrainingFailed,
    TrainingFinished,
    TrainingPaused,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
    from_line,
    to_line,
)
from core.run.run_folder import LOG_NAME, read_log
from core.terminal_text import shown
from training.cli.reporters import ProgressBar, preparation_bar, to_json_lines, to_log, to_tensorboard

STEP = TrainingStep(1, 5, 10, 0.25, 1e-3, 20.0, 90.0)
EPOCH = TrainingEpoch(1, 2, 0.5, 12.0, 84.0, {"accuracy": 0.5})
NOISY = "b\x1b]0;owned\x07\u202ec"


def test_json_lines_are_messages(capsys: pytest.CaptureFixture[str]) -> None:
    to_json_lines(STEP)
    to_json_lines(EPOCH)
    assert [from_line(line) for line in capsys.readouterr().out.splitlines()] == [STEP, EPOCH]


def test_a_reader_that_has_gone_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, output = os.pipe()
    os.close(reader)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", ResultStream(output))
        to_json_lines(STEP)
    os.close(output)


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    for message in (STEP, EPOCH):
        report, log = to_log(tmp_path / "run")
        with log:
            report(message)
    assert list(read_log(tmp_path / "run")) == [STEP, EPOCH]
    assert (tmp_path / "run" / LOG_NAME).read_text().splitlines()[0] == to_line(STEP)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file"):
        to_log(tmp_path / "file")


def test_the_bar_shows_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    bar(STEP)
    bar(EPOCH)
    bar(TrainingStopped("out", 5, "out/checkpoint"))
    output = capsys.readouterr().err
    assert "epoch 1: loss 0.500, accuracy 0.500" in output
    assert "--resume" in output
    assert "90 s" in output


def test_tensorboard_gets_the_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scalars: list[tuple[str, float, int]] = []
    monkeypatch.setattr(SummaryWriter, "add_scalar", lambda _self, *scalar: scalars.append(scalar))
    report = to_tensorboard(tmp_path)
    report(TrainingStep(1, 5, 10, 0.25, 1e-3, 20.0))
    report(TrainingEpoch(1, 2, 0.5, 12.0, 84.0, {"map": 0.75}))
    assert ("loss/step", 0.25, 5) in scalars
    assert ("held_out/map", 0.75, 5) in scalars


def test_every_message_passes_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    bar(TrainingPaused(5, True))
    bar(TrainingPaused(5, False))
    bar(TrainingFailed("It broke.", "Fix it."))
    assert "It broke." not in capsys.readouterr().err, "the verb prints the error"


def test_the_bar_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    bar(TrainingPreparing(NOISY, 1, 2))
    bar(TrainingStarted("r", f"[red]{NOISY}", "cpu", 2, 2, 1, 1))
    bar(TrainingFinished(f"[/]{NOISY}", {}))
    output = capsys.readouterr().err
    assert output.replace("\n", "").isprintable(), ascii(output)
    assert f"[red]{shown(NOISY)}" in output
    assert f"[/]{shown(NOISY)}" in output


def test_the_bar_of_a_preparation_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, is_written in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        with preparation_bar("Reading the list") as report:
            report(TrainingPreparing("Decoding clips", 1, 2))
        assert ("Decoding clips" in stream.getvalue()) is is_written
