"""A command line is built from a table of verbs; only the chosen verb's file is imported."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from core.cli.command_line import Verb, build_parser, parse

PLAIN = """
def add_options(parser):
    parser.add_argument("--loud", action="store_true")

def run(namespace):
    return 7
"""
WITH_SETTINGS = PLAIN.replace('("--loud", action="store_true")', '("--out")\n    parser.set_defaults(settings=[])')


@pytest.fixture
def verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Verb, ...]:
    (tmp_path / "verb_sing.py").write_text(PLAIN)
    (tmp_path / "verb_teach.py").write_text(WITH_SETTINGS)
    (tmp_path / "verb_broken.py").write_text("raise RuntimeError")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("sing", "teach"):
        monkeypatch.delitem(sys.modules, f"verb_{name}", raising=False)
    return tuple(Verb(name, f"{name} a song", f"verb_{name}") for name in ("sing", "teach", "broken"))


def test_a_verb_brings_its_options_and_its_run(verbs: tuple[Verb, ...]) -> None:
    namespace = parse(verbs, ["sing", "--loud"])
    assert (namespace.loud, namespace.run(namespace)) == (True, 7)
    assert "verb_teach" not in sys.modules


def test_settings_may_follow_the_options_of_a_verb_that_takes_them(verbs: tuple[Verb, ...]) -> None:
    assert parse(verbs, ["teach", "a=1", "--out", "o", "b=2"]).settings == ["a=1", "b=2"]
    assert parse(verbs, ["teach"]).settings == []


@pytest.mark.parametrize(
    "words", [["sing", "a=1"], ["teach", "a=1", "--loud"], ["hum"], ["hum.wav"], ["sing", "--hum"], ["--loud", "sing"]]
)
def test_anything_else_is_wrong_usage(
    words: list[str], verbs: tuple[Verb, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(verbs, words)
    assert caught.value.code == 2
    assert "usage: soundmark" in capsys.readouterr().err


def test_the_help_knows_every_verb_without_its_file(verbs: tuple[Verb, ...]) -> None:
    parser = build_parser(verbs, "--help")
    assert isinstance(parser, argparse.ArgumentParser)
    assert all(f"{verb.name} a song" in parser.format_help() for verb in verbs)
