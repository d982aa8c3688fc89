"""Results are whole records or an error that is reported once; messages for people never fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.cli.terminal.leaving import with_results_written
from core.cli.terminal.streams import OutputError, ResultStream, print_error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_failure_is_reported_once() -> None:
    stream = ResultStream(Path("/dev/full"))
    with pytest.raises(OutputError, match="/dev/full cannot be written"):
        print("a record", file=stream, flush=True)
    print("another", file=stream, flush=True)
    stream.close()


def test_a_reader_that_has_gone_is_a_broken_pipe_and_success(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, output = os.pipe()
    os.close(reader)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", ResultStream(output))
        print("a record", end="")
        assert with_results_written(3) == 0
    os.close(output)


def test_names_of_any_bytes_are_written(tmp_path: Path) -> None:
    with ResultStream(tmp_path / "out") as stream:
        print("a\udcffb", file=stream)
    assert (tmp_path / "out").read_text() == "a\\udcffb\n"


def test_an_error_is_one_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("two\nlines \x1b[31m")
    assert capsys.readouterr().err == "two\\nlines \\x1b[31m\n"
