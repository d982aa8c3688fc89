"""The console prints names as they are; a bar shows on terminals only."""

from __future__ import annotations

import pytest

from core.cli.terminal.console import PlainConsole, plain, track


def test_names_are_neither_markup_nor_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    PlainConsole().print(plain("[red]:car: \x1b[31m"))
    assert capsys.readouterr().out == "[red]:car: \\x1b[31m\n"


def test_a_broken_pipe_is_left_to_the_caller() -> None:
    console = PlainConsole()
    try:
        raise BrokenPipeError
    except BrokenPipeError:
        with pytest.raises(BrokenPipeError):
            console.on_broken_pipe()


def test_every_place_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(3, 6), "Tagging")) == [3, 4, 5]
    assert capsys.readouterr().out == ""
