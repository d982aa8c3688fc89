"""Jobs on pool threads answer on the GUI thread."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from app.runtime.background_jobs import BackgroundJobs
from core.errors import UserError


def test_jobs_answer_on_the_gui_thread(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []
    jobs.run(threading.current_thread, lambda worker: threads.extend([worker, threading.current_thread()]))
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threads[1]
    assert threads[1] is threading.main_thread()
    assert jobs.unfinished == 0


def test_a_job_that_breaks_is_told_in_words(
    jobs: BackgroundJobs, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[UserError] = []

    def work() -> None:
        raise ZeroDivisionError("by nothing")

    jobs.run(work, None, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "by nothing" in errors[0].problem
    assert any(record.exc_info for record in caplog.records)
