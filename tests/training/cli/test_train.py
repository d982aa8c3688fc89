"""`soundmark train`: what it reports on standard output and in its log, and how it resumes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.run.messages import TrainingStopped, from_line
from core.run.run_folder import STATE_NAME, read_description
from rig.waiting import PATIENCE_S
from tests.training.runs import SMALL, save_teacher, write_clips
from training.cli import train
from training.cli.train import TrainOptions, run_training
from training.loop import runner

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]


def messages(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_reports_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def failure(*arguments: object) -> tuple[int, str]:
        code = run_training(TrainOptions(*arguments))  # pyright: ignore[reportArgumentType]
        [failed] = messages(capsys.readouterr().out)
        assert failed["type"] == "failed"
        return code, str(failed["problem"])

    assert failure(None, tmp_path, None) == (2, "No recipe is given.")
    assert failure("starter", None, tmp_path) == (2, "No training data is given.")
    assert failure("starter", tmp_path / "nowhere", tmp_path / "out", ("init=",))[0] == 1
    assert failure("starter", tmp_path, tmp_path / "out", ("epochs=no",))[0] == 2
    assert failure("starter", tmp_path, None, (), True)[0] == 2
    assert "holds no training run" in failure(None, None, tmp_path / "empty", (), True)[1]
    (tmp_path / "file").touch()
    assert "cannot be used" in failure("starter", tmp_path, tmp_path / "file")[1]


def test_several_processes_need_one_folder_and_take_no_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert run_training(TrainOptions("starter", tmp_path, None)) == 2
    assert run_training(TrainOptions("starter", tmp_path, tmp_path / "out", control=True)) == 2
    problems = [str(message["problem"]) for message in messages(capsys.readouterr().out)]
    assert ["into one folder" in problems[0], "steers one process" in problems[1]] == [True, True]


def test_an_unforeseen_error_is_a_message_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(runner, "train", fail)
    assert run_training(TrainOptions("starter", tmp_path, tmp_path / "out")) == 1
    assert "CUDA out of memory" in json.loads(capsys.readouterr().out)["problem"]
    assert "CUDA out of memory" in (tmp_path / "out" / "log.jsonl").read_text()


def test_a_failure_is_reported_before_a_signal_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchrun sends SIGTERM to all as soon as one is lost: the others are about to say so."""
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    ended: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))

    def lose_a_process(*_: object) -> bool:
        raise RuntimeError("Connection closed by peer")

    def exception(_words: str) -> None:
        signal.raise_signal(signal.SIGTERM)

    try:
        monkeypatch.setattr(runner, "_run_to_end", lose_a_process)
        monkeypatch.setattr(train._log, "exception", exception)
        assert run_training(TrainOptions("starter", data, out, SMALL)) == 1
        assert not ended
        assert messages((out / "log.jsonl").read_text())[-1]["type"] == "failed"
        signal.raise_signal(signal.SIGTERM)
        assert ended == [signal.SIGTERM]  # afterwards it means what it did
    finally:
        signal.signal(signal.SIGTERM, before)


def test_resume_needs_nothing_but_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    assert run_training(TrainOptions("starter", data, out, (*SMALL, "epochs=1"))) == 0
    assert read_description(out).settings == (*SMALL, "epochs=1")
    assert run_training(TrainOptions(None, None, out, ("title=Renamed",), resume=True)) == 0
    reported = messages(capsys.readouterr().out)
    assert [message["type"] for message in reported].count("finished") == 2
    assert len(messages((out / "log.jsonl").read_text())) == len(reported)
    assert list((out / "tensorboard").glob("events.*"))


def test_a_refused_command_leaves_the_run_in_the_folder_as_it_was(tmp_path: Path) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    assert run_training(TrainOptions("starter", data, out, (*SMALL, "epochs=1"))) == 0
    before = read_description(out)
    assert run_training(TrainOptions(None, None, out, ("batch_size=4",), resume=True)) == 1
    assert run_training(TrainOptions("fine-tune", tmp_path, out)) == 1
    assert read_description(out) == before


def test_a_run_with_a_relative_teacher_resumes_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    save_teacher(tmp_path / "owl", "nano", "other", 0)
    save_teacher(tmp_path / "wren", "nano", "other", 1)
    recipe = tmp_path / "mine.toml"
    recipe.write_text('variant = "nano"\ninit = "wren"\n')
    monkeypatch.chdir(tmp_path)
    small = tuple(setting for setting in SMALL if not setting.startswith(("init", "variant")))
    assert run_training(TrainOptions("mine.toml", data, out, (*small, "epochs=1", "teacher=owl"))) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run_training(TrainOptions(None, None, out, (), resume=True)) == 0


HOLDER = """
import os, sys
from pathlib import Path
from training.loop.run_lock import sole_run
with sole_run(Path(sys.argv[1])):
    if not os.fork():  # as a worker that prepares batches; once it runs, it has let go of what it inherited
        print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")
def test_a_second_run_in_one_folder_is_refused_until_the_first_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    assert run_training(TrainOptions("starter", data, out, (*SMALL, "epochs=1"))) == 0
    before = (out / "log.jsonl").read_bytes()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        capsys.readouterr()
        assert run_training(TrainOptions(None, None, out, resume=True)) == 1
        assert "Another run is training into" in capsys.readouterr().out
        assert (out / "log.jsonl").read_bytes() == before, "the log belongs to the first one"
        holder.kill()
        holder.wait()
        # The worker still lives: it waits for the end of its standard input.
        assert run_training(TrainOptions(None, None, out, resume=True)) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C cannot be sent to one process there")
def test_ctrl_c_saves_the_run_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "out"
    settings = [setting for setting in SMALL if not setting.startswith(("epochs", "variant"))]
    command = [sys.executable, str(REPOSITORY / "main.py"), "train", "starter", "--data", str(data), "--out", str(out)]
    running = subprocess.Popen(
        [*command, *settings, "variant=ast-tiny-residual", "epochs=500", "save_every_s=0"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while not (out / STATE_NAME).is_file():
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130, errors
    stopped = from_line(output.splitlines()[-1])
    assert isinstance(stopped, TrainingStopped)
    assert (Path(stopped.checkpoint) / "model.safetensors").is_file()
    assert "Traceback" not in errors
