"""What engines say to people reaches the window, from any thread, each sentence once."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app.live.engine_notices import EngineNotices
from core.inference.engines.notices import NOTICES


class Heard(QObject):
    """Notes the sentences, and whether they came in the thread of the window."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []
        self.is_of_the_window = True

    def note(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self.is_of_the_window &= QThread.currentThread() is self.thread()


def test_sentences_arrive_once_and_in_the_window_s_thread(qtbot: QtBot) -> None:
    parent, heard = QObject(), Heard()
    EngineNotices(parent).noticed.connect(heard.note)

    def say() -> None:
        for n_windows in (64, 32, 64):
            NOTICES.warning("The GPU has no memory for %d windows.", n_windows)
        NOTICES.info("Nobody needs to know.")

    thread = threading.Thread(target=say)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(heard.sentences) == 2)
    assert heard.sentences == [f"The GPU has no memory for {n_windows} windows." for n_windows in (64, 32)]
    assert heard.is_of_the_window


def test_after_the_window_nobody_hears(qtbot: QtBot) -> None:
    before = list(NOTICES.handlers)
    parent = QObject()
    EngineNotices(parent)
    assert len(NOTICES.handlers) == len(before) + 1
    delete(parent)
    assert NOTICES.handlers == before
    NOTICES.warning("Nobody is there.")
