"""A command in its own process: its lines, its end, and what is written to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

from app.runtime.lines_process import LinesProcess, ProcessEnd


@pytest.fixture
def process(qtbot: QtBot) -> Iterator[LinesProcess]:
    made = LinesProcess("test")
    yield made
    made.discard()


def _run(process: LinesProcess, qtbot: QtBot, program: str) -> tuple[list[str], ProcessEnd]:
    lines: list[str] = []
    process.line.connect(lines.append)
    with qtbot.waitSignal(process.ended) as ended:
        process.start((sys.executable, "-c", program))
    return lines, _end(ended)


def _end(ended: SignalBlocker) -> ProcessEnd:
    assert ended.args is not None
    return ended.args[0]


def test_every_line_comes_whole_and_the_last_one_without_its_end(process: LinesProcess, qtbot: QtBot) -> None:
    lines, end = _run(process, qtbot, "import sys; sys.stdout.buffer.write('é\\n\\nlast'.encode())")
    assert lines == ["é", "", "last"]
    assert end == ProcessEnd(is_success=True)


def test_a_failure_brings_the_last_line_of_standard_error(process: LinesProcess, qtbot: QtBot) -> None:
    _, end = _run(process, qtbot, "import sys; print('first\\nsecond', file=sys.stderr); sys.exit(3)")
    assert end == ProcessEnd(is_success=False, last_error_line="second")


def test_a_program_that_does_not_exist_is_reported(process: LinesProcess, qtbot: QtBot) -> None:
    with qtbot.waitSignal(process.ended) as ended:
        process.start(("/nowhere/at all",))
    assert not _end(ended).is_success
    assert _end(ended).start_failure
    assert not process.is_running


def test_it_reads_what_is_written_to_it(process: LinesProcess, qtbot: QtBot) -> None:
    lines: list[str] = []
    process.line.connect(lines.append)
    process.start((sys.executable, "-u", "-c", "print(input()[::-1])"))
    with qtbot.waitSignal(process.ended):
        process.write_line("pause")
    assert lines == ["esuap"]


def test_a_killed_process_ends_and_a_discarded_one_is_silent(process: LinesProcess, qtbot: QtBot) -> None:
    ends: list[ProcessEnd] = []
    process.ended.connect(ends.append)
    sleeper = (sys.executable, "-u", "-c", "import time; print('here'); time.sleep(60)")
    with qtbot.waitSignal(process.line):
        process.start(sleeper)
    with qtbot.waitSignal(process.ended):
        process.kill()
    assert [end.is_success for end in ends] == [False]
    with qtbot.waitSignal(process.line):
        process.start(sleeper)
    process.discard()
    assert not process.is_running
    assert len(ends) == 1


def test_a_new_process_replaces_the_one_that_runs(process: LinesProcess, qtbot: QtBot) -> None:
    process.start((sys.executable, "-c", "import time; time.sleep(60)"))
    lines, end = _run(process, qtbot, "print('second')")
    assert lines == ["second"]
    assert end.is_success
