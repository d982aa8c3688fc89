"""The help shows commands that work."""

from __future__ import annotations

import shlex

import pytest

import main
from core.cli import listen, tag_options
from core.cli.tag_options import TagOptions, options_of


def commands_in(examples: str) -> list[list[str]]:
    """The words of each command before the words about it, or before a redirection."""
    lines = [line.strip() for line in examples.splitlines() if line.strip().startswith("soundmark ")]
    return [shlex.split(line.split("   ")[0].split(" > ")[0])[1:] for line in lines]


@pytest.mark.parametrize("examples", [tag_options.EXAMPLES, listen.EXAMPLES])
def test_every_example_is_accepted(examples: str) -> None:
    commands = commands_in(examples)
    assert len(commands) == 3
    for words in commands:
        assert main.parse(words).verb == words[0]


def test_all_scores_are_no_limit_and_a_cluster_is_asked_for_by_its_address() -> None:
    asked = options_of(
        main.parse(["tag", "a.wav", "--all-scores", "--cluster", "10.0.0.5:6379", "--worker-cores", "4"])
    )
    assert (asked.top_k, asked.cluster, asked.worker_cores) == (None, "10.0.0.5:6379", 4)
    assert options_of(main.parse(["tag", "a.wav"])) == TagOptions(asked.paths, asked.model)


@pytest.mark.parametrize(
    ("words", "is_timed"),
    [
        ([], False),
        (["--frames"], True),
        (["--events"], True),
        (["--format", "parquet"], True),
        (["--format", "csv"], False),
    ],
)
def test_events_need_a_model_that_tells_when(words: list[str], is_timed: bool) -> None:
    assert options_of(main.parse(["tag", "a.wav", *words])).is_timed == is_timed
