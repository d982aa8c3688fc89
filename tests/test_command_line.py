"""The command line keeps its contract: verbs, options, defaults, exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import main
from core.cli import bench, listen
from core.cli.command_line import Verb

REPOSITORY = Path(main.__file__).parent


def parse(*words: str) -> dict:
    return vars(main.parse(list(words)))


def test_defaults_of_tag() -> None:
    options = parse("tag", "a.wav", "b")
    assert options["paths"] == [Path("a.wav"), Path("b")]
    assert (options["window_s"], options["hop_s"], options["top_k"], options["frames"]) == (None, None, 5, False)
    assert (options["format"], options["output"], options["all_scores"]) == ("table", None, False)
    assert (options["model"], options["merge"], options["device"], options["precision"]) == (None, *["auto"] * 3)


def test_defaults_of_listen_and_bench() -> None:
    listen = parse("listen")
    assert (listen["input"], listen["seconds"], listen["hop_s"], listen["format"]) == (None, None, None, "table")
    assert parse("bench", "--seconds", "2", "--json")["json"] is True
    for merge in ("16", "off", "decreasing:20", "energy:16", "energy-decreasing:20", "8,8,4"):
        assert parse("listen", "--merge", merge)["merge"] == merge


def test_options_of_studies() -> None:
    plain = parse("study", "stem")
    assert (plain["study"], plain["data"], plain["out"], plain["ledger"]) == ("stem", None, None, None)
    assert (plain["model"], plain["fold"], plain["device"], plain["dry_run"]) == (None, [], "auto", False)
    asked = parse("study", "fastast-r", "--ledger", "r.jsonl", "--model", "m", "--fold", "4", "--fold", "5")
    assert (asked["ledger"], asked["model"], asked["fold"]) == (Path("r.jsonl"), "m", ["4", "5"])


@pytest.mark.parametrize("verb", [["tag", "a.wav"], ["bench"], ["evaluate", "--data", "d"]])
def test_strides_are_two_numbers(verb: list[str]) -> None:
    assert parse(*verb)["stride"] is None
    assert parse(*verb, "--stride", "16x12")["stride"] == (16, 12)
    assert (parse(*verb)["no_pad"], parse(*verb, "--no-pad")["no_pad"]) == (False, True)


def test_options_of_models() -> None:
    assert parse("models", "list")["json"] is False
    for action in ("download", "get"):  # `get` is the former name
        assert parse("models", action, "some-name", "--json")["name"] == "some-name"
    bring = parse("models", "import", "a.pth", "--name", "n", "--labels", "l.csv", "--stride", "16x10", "--frames", "9")
    assert (bring["path"], bring["name"], bring["labels"]) == (Path("a.pth"), "n", Path("l.csv"))
    assert (bring["stride"], bring["frames"]) == ((16, 10), 9)
    export = parse("models", "export", "--layout", "hf", "--out", "d")
    assert (export["model"], export["layout"], export["out"]) == (None, "hf", Path("d"))


def test_train_takes_settings_after_or_before_options() -> None:
    for words in (
        ["--data", "d", "--out", "o", "epochs=3", "seed=2"],
        ["epochs=3", "seed=2", "--out", "o", "--data", "d"],
    ):
        options = parse("train", "starter", *words)
        assert (options["recipe"], options["data"], options["out"]) == ("starter", Path("d"), Path("o"))
        assert options["settings"] == ["epochs=3", "seed=2"]


@pytest.mark.parametrize(
    "words",
    [
        ["tag"],
        ["sing"],
        ["nowhere.wav"],
        ["tag", "a.wav", "--format", "xml"],
        ["tag", "a.wav", "--top-k", "0"],
        ["tag", "a.wav", "--top-k", "3", "--all-scores"],
        ["tag", "a.wav", "--hop-s", "-1"],
        ["tag", "a.wav", "--merge", "lots"],
        ["tag", "a.wav", "--merge", "decreasing:8,4"],
        ["study", "stem", "--device", "tpu"],
        ["tag", "a.wav", "--stride", "16"],
        ["tag", "a.wav", "--stride", "0x16"],
        ["tag", "a.wav", "--device", "tpu"],
        ["listen", "--format", "csv"],
        ["listen", "--seconds", "soon"],
        ["train", "starter", "epochs=3", "--epochs", "4"],
        ["tag", "a.wav", "--loud"],
        ["models"],
        ["models", "sing"],
        ["models", "get"],
        ["models", "download"],
        ["models", "import"],
        ["models", "import", "a.pth", "--stride", "wide"],
        ["models", "import", "a.pth", "--frames", "0"],
        ["models", "export", "--layout", "hf"],
        ["models", "export", "--layout", "onnx", "--out", "d"],
    ],
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(words)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--demo"],
        ["main.py"],
        ["--settings", "s.ini"],
        ["--settings=s.ini", "main.py"],
        ["--settings", "s", "--demo"],
    ],
)
def test_the_window_opens_without_a_verb(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[str]] = []
    monkeypatch.chdir(Path(main.__file__).parent)
    monkeypatch.setattr(main, "_window", lambda argv: opened.append(argv) or 0)
    assert main.main(words) == 0
    assert opened == [words]


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (["--settings", "s.ini", "tag", "x.wav"], "tag"),
        (["--settings=s.ini", "listen"], "listen"),
        (["--demo", "tag", "x.wav"], "tag"),
        (["--settings", "tag", "--demo", "train"], "train"),
    ],
)
def test_a_verb_after_an_option_of_the_window_is_refused_and_not_taken_for_a_file(
    words: list[str], verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "_window", lambda argv: pytest.fail("the window was opened"))
    assert main.main(words) == 2
    assert f"and {verb} is a command" in " ".join(capsys.readouterr().err.split())


def test_a_file_with_the_name_of_a_verb_opens_in_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tag").touch()
    monkeypatch.setattr(main, "_window", lambda argv: 0)
    assert main.main(["--settings", "s.ini", "tag"]) == 0


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(["--version"])
    assert caught.value.code == 0
    project = tomllib.loads((Path(main.__file__).parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert capsys.readouterr().out == f"Soundmark {project['version']}\n"


def test_the_help_lists_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    exits = text.partition("Exit status:")[2]
    assert re.findall(r"\b(\d+) (?:on|if|for) ", exits) == ["0", "1", "2", "130"]
    assert "| head" in exits


def test_the_help_lists_every_verb_and_loads_no_verb() -> None:
    verbs = [verb.module for verb in main.VERBS]
    script = "import sys, main\ntry:\n    main.main(['--help'])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert {*verbs, "torch", "numpy"}.isdisjoint(done.stderr.split())
    assert all(f"    {verb.name} " in done.stdout and verb.summary[:40] in done.stdout for verb in main.VERBS)


@pytest.mark.parametrize("verb", main.VERBS, ids=lambda verb: verb.name)
def test_a_verb_parses_its_options_without_torch(verb: Verb) -> None:
    script = f"import sys, main, importlib; importlib.import_module({verb.module!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, timeout=60).returncode == 0


@pytest.mark.parametrize("verb", main.VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_its_own_help(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main([verb.name, "--help"])
    assert caught.value.code == 0
    assert f"usage: soundmark {verb.name} " in capsys.readouterr().out


def test_without_a_display_it_says_so_and_listens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(main.sys, "platform", "linux")
    monkeypatch.setattr(listen, "run", lambda _namespace: 7)
    assert main.main([]) == 7
    assert capsys.readouterr().err == "There is no display: listening in the terminal instead.\n"


@pytest.mark.slow
def test_an_error_is_words_and_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["bench", "--model", str(tmp_path / "nothing")]) == 1
    assert "There is no model" in capsys.readouterr().err


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_namespace: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "run", interrupted)
    assert main.main(["bench"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
