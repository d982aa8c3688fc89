"""Warnings are one line on standard error; tracebacks go to a file, or to standard error where that fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli.terminal.terminal_log import TerminalLog


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        handler.close()


def fail(log: logging.Logger) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        log.exception("clip %s", "a.wav")


def test_a_warning_is_one_line(log: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.addHandler(TerminalLog(tmp_path / "terminal.log"))
    log.info("nobody needs this")
    log.warning("two\nlines")
    assert capsys.readouterr().err == "two\\nlines\n"
    assert not (tmp_path / "terminal.log").exists()


def test_a_traceback_goes_to_the_file_that_is_named_once(
    log: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.addHandler(TerminalLog(tmp_path / "logs" / "terminal.log"))
    fail(log)
    fail(log)
    [line] = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "logs" / "terminal.log") in line
    assert (tmp_path / "logs" / "terminal.log").read_text().count("RuntimeError: broken") == 2


def test_without_a_file_the_traceback_is_on_standard_error(
    log: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    log.addHandler(TerminalLog(tmp_path / "file" / "terminal.log"))
    fail(log)
    assert "RuntimeError: broken" in capsys.readouterr().err
