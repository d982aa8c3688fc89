"""What every verb does when its results cannot be written, when their reader goes, and when names hold control
characters; and how the process ends."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

import main
from core.audio.input_device import InputDevice
from core.cli import devices
from core.cli.terminal.leaving import with_results_written
from core.cli.terminal.streams import ResultStream
from core.heard.store import EventStore
from core.labels import LabelSet
from core.model.checkpoints.checkpoint import save_checkpoint
from core.terminal_text import shown
from fakes import tiny_checkpoint
from tests.core.heard.made_events import heard

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 110
ACTIVE = "\x1b]0;owned\x07\x9b31m\x7f\u202e"
"""Sets a terminal's title, its colour, and turns the text around."""
NOISY = f"b{ACTIVE}c"
VERBS = {
    "tag": ["tag", "data/dog/0.wav", "--model", "tiny"],
    "listen": ["listen", "--input", "data/dog/0.wav", "--model", "tiny"],
    "export": ["export", "--format", "csv"],
    "devices": ["devices"],
    "check": ["check", "--data", "data"],
    "statistics": ["statistics", "--data", "data"],
    "recipes": ["recipes"],
    "train": [
        *("train", "fine-tune", "--data", "data", "--out", "run", "init=tiny", "epochs=1", "batch_size=4"),
        *("workers=0", "threads=1", "lengths_s=0.5", "length_weights=1", "warmup_epochs=0", "precision=fp32"),
    ],
    "evaluate": ["evaluate", "--data", "data", "--model", "tiny"],
    "study": ["study"],
    "bench": ["bench", "--model", "tiny", "--seconds", "0.1"],
    "models": ["models", "list"],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with clips of two classes and a tiny model; one microphone of a noisy name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data_home"))
    with closing(EventStore()) as store:
        store.add([heard(3)])
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny")
    random = np.random.default_rng(0)
    for label in ("dog", "rain"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(5):
            soundfile.write(tmp_path / "data" / label / f"{i}.wav", random.normal(0, 0.1, 20_000), 16_000)
    microphone = InputDevice(NOISY, "ALSA", 1, 48_000, True)
    monkeypatch.setattr(devices, "list_inputs", lambda: (microphone,))
    return tmp_path


def finished(words: list[str], output: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status of a command whose standard output is `output`."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", ResultStream(output))
        return with_results_written(main.main(words))


def test_the_table_has_every_verb() -> None:
    assert list(VERBS) == [verb.name for verb in main.VERBS]


@pytest.mark.parametrize("verb", VERBS)
def test_a_reader_that_has_gone_ends_every_verb_with_0_and_no_word(
    verb: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del place
    reader, output = os.pipe()
    os.close(reader)
    assert finished(VERBS[verb], output, monkeypatch) == 0
    os.close(output)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "written" not in said


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", ["full", "closed"])
def test_output_that_cannot_be_written_is_reported_once_with_1(
    kind: str, verb: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del place
    if kind == "full" and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which Linux has")
    output = os.open("/dev/full", os.O_WRONLY) if kind == "full" else os.open(os.devnull, os.O_RDONLY)
    assert finished(VERBS[verb], output, monkeypatch) == 1
    os.close(output)
    said = capsys.readouterr().err
    assert said.count("Standard output cannot be written") == 1
    assert ("No space left on device" if kind == "full" else "it is closed") in said
    assert "Traceback" not in said
    assert ".wav" not in said.replace("0.wav with", ""), "no fault of a file"


def in_a_small_place(words: list[str], place: Path, n_bytes: int, to: Path | None = None) -> tuple[int, str]:
    """Run main.py where no file may grow beyond `n_bytes`; exit status and stderr. to: where stdout goes."""
    resource = pytest.importorskip("resource")
    with open(to or os.devnull, "ab") as output:
        done = subprocess.run(
            [sys.executable, REPOSITORY / "main.py", *words],
            cwd=place,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=START_TIMEOUT_S,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes)),
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("to_stdout", [False, True])
def test_what_a_full_disk_holds_is_whole_records(to_stdout: bool, form: str, place: Path) -> None:
    (place / "data" / "dog" / "0.wav").rename(place / "data" / "two\nlines.wav")
    words = ["tag", "data", "--model", "tiny", "--format", form, "--window-s", "0.5", "--hop-s", "0.05"]
    results = place / f"results.{form}"
    earlier = {"jsonl": '{"earlier": 1}\n', "csv": "1,2,3,4,5,6\r\n"}[form] if to_stdout else ""
    results.write_bytes(earlier.encode())
    words += [] if to_stdout else ["--output", results.name]
    status, said = in_a_small_place(words, place, 5000, results if to_stdout else None)
    assert status == 1
    assert len(said.splitlines()) == 1, said
    assert "cannot be written" in said
    assert 4000 < results.stat().st_size <= 5000
    text = results.read_bytes().decode()
    assert text.startswith(earlier)
    assert text.endswith("\n")
    if form == "jsonl":
        assert all(json.loads(line) for line in text.splitlines())
    else:
        assert {len(row) for row in csv.reader(io.StringIO(text, newline=""))} == {6}


def test_streams_that_are_closed_from_the_start_are_nobody_elses(place: Path) -> None:
    """A file opened later must not get the number of standard output."""
    command = 'exec "$0" "$1" tag data/dog/0.wav --model tiny --format csv --output out.csv >&- 2>&- <&-'
    done = subprocess.run(["sh", "-c", command, sys.executable, REPOSITORY / "main.py"], cwd=place, timeout=110)
    assert done.returncode == 0
    assert (place / "out.csv").read_text().startswith("source,index,")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["recipes"]])
def test_the_whole_program_ends_quietly_without_a_reader(words: list[str]) -> None:
    reader, output = os.pipe()
    os.close(reader)
    command = [sys.executable, "main.py", *words]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.PIPE, timeout=START_TIMEOUT_S)
    os.close(output)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
def noisy(place: Path) -> Path:
    """As `place`, but class, clip and model have noisy names, and one clip is broken."""
    labels = [NOISY, "[red]rain[/] :car:", "siren", "clock_tick"]
    save_checkpoint(tiny_checkpoint(labels=LabelSet.from_ids(labels), name=NOISY), place / NOISY)
    (place / "data" / "dog").rename(place / "data" / NOISY)
    (place / "data" / "rain").rename(place / "data" / "[red]rain[")
    (place / "data" / NOISY / "0.wav").rename(place / "data" / NOISY / f"{ACTIVE}.wav")
    (place / "data" / NOISY / f"broken {ACTIVE}.wav").write_bytes(b"no sound")
    return place


@pytest.mark.parametrize(
    "words",
    [
        ["tag", "data", "--model", NOISY],
        ["tag", "data", "--model", NOISY, "--format", "csv", "--output", "out.csv"],
        ["tag", f"nowhere{ACTIVE}", "--model", NOISY],
        ["tag", "data", "--model", f"none{ACTIVE}"],
        ["listen", "--input", f"data/{NOISY}/{ACTIVE}.wav", "--model", NOISY],
        ["listen", "--input", f"none{ACTIVE}", "--model", NOISY],
        ["devices"],
        ["check", "--data", "data"],
        ["statistics", "--data", "data"],
        ["evaluate", "--data", "data", "--model", NOISY],
        ["bench", "--model", NOISY, "--seconds", "0.1"],
        ["models", "export", "--model", "tiny", "--layout", "soundmark", "--out", f"new{ACTIVE}"],
        ["models", "import", f"none{ACTIVE}"],
        ["train", "fine-tune", "--data", "data", "--out", f"run{ACTIVE}"],
        ["train", f"none{ACTIVE}", "--data", "data"],
        [f"sing{ACTIVE}"],
    ],
    ids=lambda words: shown(" ".join(words[:2])),
)
def test_no_name_is_obeyed_by_the_terminal(words: list[str], noisy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del noisy
    with suppress(SystemExit):
        main.main(words)
    said = capsys.readouterr()
    out = said.out if words[0] != "train" else ""  # JSON, for programs
    for text in (out, said.err):
        assert text.replace("\n", "").isprintable(), ascii(text)
    assert "\\x1b" in said.out + said.err or words[-2:] == ["--output", "out.csv"]
