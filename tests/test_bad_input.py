"""`soundmark tag` as its user meets it: rotten files, odd but good ones, windows, formats and wrong usage.

Starting the program costs seconds, so each start takes many files and several tests read its output.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.output.window_output import FORMATS, TaggedWindow
from core.errors import UserError
from core.inference.results import TagScores
from core.labels import LabelSet
from rig import sounds
from rig.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parent.parent
EXACTLY_1024_FRAMES = 164_080  # 1023 steps of 160 samples and one frame of 400

ROTTEN = {
    "zero bytes.wav": "empty",
    "letter.wav": "not an audio",
    "cut.wav": "ends early",
    "cut.mp3": "ends early",
    "not numbers.wav": "not numbers",
    "silent film.mp4": "no sound",
    "twenty milliseconds.wav": "",
}
GOOD = (
    "8 bit.wav",
    "24 bit.wav",
    "float.wav",
    "96 kHz.wav",
    "6 channels.wav",
    "UPPER CASE.WAV",
    "ünïcode & blank.wav",
    "film.mp4",
    "song.mp3",
)
LENGTHS_S = {"exactly 1024 frames.wav": EXACTLY_1024_FRAMES / 16000, "12 s.wav": 12.0, "2 s.wav": 2.0}


@dataclass(frozen=True)
class Run:
    """What one start of the program left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """stdout as JSON, one object a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def of(self, kind: str, name: str) -> list[dict[str, Any]]:
        """The objects of a type about the file or folder `name`."""
        return [entry for entry in self.objects if entry["type"] == kind and Path(entry["source"]).name == name]


def soundmark(*words: str | Path) -> Run:
    """Run main.py to its end, without a screen."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "main.py", *map(str, words)],
        cwd=REPOSITORY,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def rotten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files none of which can be tagged whole."""
    folder = tmp_path_factory.mktemp("rotten")
    whole = folder.parent
    tone = sounds.sweep(3)
    (folder / "zero bytes.wav").touch()
    (folder / "letter.wav").write_text("Dear recorder,\nthis is no sound.\n" * 40)
    sounds.truncate(folder / "cut.wav", sounds.write_wav(whole / "whole.wav", tone))
    sounds.truncate(folder / "cut.mp3", sounds.write_mp3(whole / "whole.mp3", tone))
    bad = tone.copy()
    bad[16000:16010] = np.nan
    sounds.write_wav(folder / "not numbers.wav", bad, subtype="FLOAT")
    sounds.write_silent_film(folder / "silent film.mp4")
    sounds.write_wav(folder / "twenty milliseconds.wav", sounds.sweep(0.02))
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of unusual files that all hold the same two seconds of sound."""
    folder = tmp_path_factory.mktemp("good")
    # A floor well above what 16 bits add by rounding: under a pure tone the formats would differ in all else.
    noise = np.random.default_rng(3).normal(0, 0.003, 2 * sounds.RATE_HZ).astype(np.float32)
    tone = sounds.sweep(2) + noise
    sounds.write_unsigned_wav(folder / "8 bit.wav", tone)
    sounds.write_wav(folder / "24 bit.wav", tone, subtype="PCM_24")
    sounds.write_wav(folder / "float.wav", tone, subtype="FLOAT")
    sounds.write_wav(folder / "96 kHz.wav", sounds.sweep(2, 96_000), 96_000)
    sounds.write_wav(folder / "6 channels.wav", tone, channels=6)
    sounds.write_wav(folder / "UPPER CASE.WAV", tone)
    sounds.write_wav(folder / "ünïcode & blank.wav", tone)
    sounds.write_film(folder / "film.mp4", tone)
    sounds.write_mp3(folder / "song.mp3", tone)
    (folder / "notes.txt").write_text("no sound, and none expected")
    return folder


@pytest.fixture(scope="module")
def lengths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files whose windows can be output in advance."""
    folder = tmp_path_factory.mktemp("lengths")
    for name, seconds in LENGTHS_S.items():
        sounds.write_wav(folder / name, sounds.sweep(seconds))
    return folder


@pytest.fixture(scope="module")
def mixed(rotten: Path, good: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One start over rotten and good files, a file that is not there, and a folder without sound."""
    silent = tmp_path_factory.mktemp("no sound here")
    (silent / "readme.txt").write_text("nothing to hear")
    return soundmark("tag", rotten, rotten / "gone.wav", silent, good, "--format", "jsonl")


@pytest.fixture(scope="module")
def windows(lengths: Path) -> Run:
    """One start over files of known length, whose windows step by 5 s."""
    return soundmark("tag", lengths, "--hop-s", "5", "--top-k", "3", "--format", "jsonl")


def test_rotten_files_end_with_exit_code_1(mixed: Run) -> None:
    assert mixed.exit_code == 1


@pytest.mark.parametrize(("name", "words"), ROTTEN.items())
def test_a_rotten_file_is_named_with_problem_and_remedy(mixed: Run, name: str, words: str) -> None:
    errors = mixed.of("error", name)

    assert len(errors) == 1
    assert words in errors[0]["problem"]
    assert len(errors[0]["problem"]) > 15
    assert len(errors[0]["remedy"]) > 10


@pytest.mark.parametrize("name", ["zero bytes.wav", "letter.wav", "silent film.mp4", "twenty milliseconds.wav"])
def test_what_holds_no_sound_gives_no_window(mixed: Run, name: str) -> None:
    assert mixed.of("window", name) == []


def test_a_missing_file_and_a_silent_folder_are_named(mixed: Run) -> None:
    assert len(mixed.of("error", "gone.wav")) == 1
    folders = [entry for entry in mixed.objects if entry["type"] == "error" and "no sound here" in entry["source"]]
    assert len(folders) == 1


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_but_good_file_is_tagged(mixed: Run, name: str) -> None:
    assert mixed.of("error", name) == []
    (window,) = mixed.of("window", name)
    assert (window["index"], window["start_s"]) == (0, 0.0)
    assert window["end_s"] == pytest.approx(2, abs=0.15)


def test_the_same_sound_in_another_format_scores_the_same(mixed: Run) -> None:
    (plain,) = mixed.of("window", "UPPER CASE.WAV")
    for name in ("24 bit.wav", "float.wav", "6 channels.wav"):
        (window,) = mixed.of("window", name)
        assert window["scores"][0]["label"] == plain["scores"][0]["label"]
        assert window["scores"][0]["p"] == pytest.approx(plain["scores"][0]["p"], abs=0.02)


def test_no_line_is_about_what_was_not_asked_for(mixed: Run) -> None:
    names = {Path(entry["source"]).name for entry in mixed.objects}
    assert "notes.txt" not in names
    assert {entry["type"] for entry in mixed.objects} == {"window", "error"}


def test_scores_fall_and_are_probabilities(windows: Run) -> None:
    assert windows.exit_code == 0, windows.stderr
    for window in windows.objects:
        p = [score["p"] for score in window["scores"]]
        assert len(p) == 3
        assert p == sorted(p, reverse=True)
        assert 0 <= p[-1] <= p[0] <= 1
        assert all(score["label"] for score in window["scores"])


@pytest.mark.parametrize(
    ("name", "spans"),
    [
        ("exactly 1024 frames.wav", [(0.0, 10.24)]),
        ("12 s.wav", [(0.0, 10.24), (1.74, 11.98)]),
        ("2 s.wav", [(0.0, 1.98)]),
    ],
)
def test_windows_cover_every_frame_once_and_report_their_true_length(
    windows: Run, name: str, spans: list[tuple[float, float]]
) -> None:
    found = windows.of("window", name)

    assert [window["index"] for window in found] == list(range(len(spans)))
    assert [(window["start_s"], window["end_s"]) for window in found] == [
        (pytest.approx(start), pytest.approx(end)) for start, end in spans
    ]


def test_csv_and_table_say_the_same_as_jsonl(windows: Run, lengths: Path, tmp_path: Path) -> None:
    options = ("--hop-s", "5", "--top-k", "3")
    table_file = tmp_path / "scores.csv"
    written = soundmark("tag", lengths / "12 s.wav", *options, "--format", "csv", "--output", table_file)
    shown = soundmark("tag", lengths / "12 s.wav", *options, "--format", "table", "--parents")

    assert (written.exit_code, shown.exit_code) == (0, 0), written.stderr + shown.stderr
    assert written.stdout == ""
    with table_file.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = [
        (window["start_s"], window["end_s"], score["label"], score["p"])
        for window in windows.of("window", "12 s.wav")
        for score in window["scores"]
    ]
    got = [(float(row["start_s"]), float(row["end_s"]), row["label"], float(row["p"])) for row in rows]
    assert [row[:3] for row in got] == [row[:3] for row in expected]
    assert [row[3] for row in got] == pytest.approx([row[3] for row in expected], abs=2e-3)
    names = [
        score.get("name", score["label"]) for window in windows.of("window", "12 s.wav") for score in window["scores"]
    ]
    assert all(name in shown.stdout for name in names)


def test_all_scores_gives_every_label_of_the_model_once(lengths: Path, tmp_path: Path) -> None:
    output = tmp_path / "all.jsonl"
    run = soundmark("tag", lengths / "2 s.wav", "--all-scores", "--format", "jsonl", "--output", output)

    assert run.exit_code == 0, run.stderr
    (window,) = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    labels = [score["label"] for score in window["scores"]]
    assert len(labels) == len(set(labels)) > 5


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_windows_and_errors(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    labels = LabelSet.from_ids(["dog", "rain"])
    file = io.StringIO()
    writer = FORMATS[name](file, labels, 1)

    writer.window(TaggedWindow("a.wav", 0, TagScores(np.array([0.25, 0.75], np.float32), 0, 1024)))
    writer.error("b.wav", UserError("It is broken.", "Fix it."))

    output = file.getvalue() + capsys.readouterr().err
    assert all(words in output for words in ("a.wav", "10.24", "rain", "b.wav", "It is broken.", "Fix it."))
    assert "dog" not in output


@pytest.mark.parametrize(
    "words",
    [
        ("tag",),
        ("tag", "a.wav", "--format", "xml"),
        ("tag", "a.wav", "--hop-s", "0"),
        ("tag", "a.wav", "--hop-s", "nan"),
        ("tag", "a.wav", "--window-s", "-1"),
        ("tag", "a.wav", "--top-k", "0"),
        ("tag", "a.wav", "--merge", "much"),
        ("sing", "a.wav"),
    ],
)
def test_wrong_usage_exits_2_and_says_how_it_is_meant(words: tuple[str, ...]) -> None:
    run = soundmark(*words)

    assert run.exit_code == 2
    assert "usage" in run.stderr.lower()
    assert run.stdout == ""
