"""Progress reports of pool threads: few, in order, and the last one always."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from app.runtime.progress_reports import ProgressReports, emit_from_thread
from core import throttle


class Source(QObject):
    """Something that a pool thread reports for."""

    progressed = Signal(int)


def test_reports_are_sent_at_most_every_so_often_and_the_rest_by_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, sent = [0.0], list[float]()
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now_s[0])
    reports = ProgressReports(lambda: sent.append(now_s[0]), every_s=0.1)
    for step in range(25):
        now_s[0] = step / 100
        reports.notify()
    assert sent == pytest.approx([0.0, 0.1, 0.2])
    reports.flush()
    reports.flush()
    assert sent == pytest.approx([0.0, 0.1, 0.2, 0.24]), "the last one, and once only"


def test_without_news_nothing_is_sent() -> None:
    sent: list[bool] = []
    ProgressReports(lambda: sent.append(True)).flush()
    assert sent == []


def test_a_report_for_a_deleted_object_is_dropped(qapp: QApplication) -> None:
    source, received = Source(), list[int]()
    source.progressed.connect(received.append)
    signal = source.progressed
    emit_from_thread(signal, 1)
    delete(source)
    emit_from_thread(signal, 2)
    assert received == [1]
