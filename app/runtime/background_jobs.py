"""Runs functions on pool threads and delivers their results on the GUI thread.

Everything here is called on the GUI thread, except `_Job.run`, which touches no widget.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRunnable, QThreadPool, Signal, Slot

from app.runtime.progress_reports import emit_from_thread
from core.errors import UserError

log = logging.getLogger(__name__)
Work = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[UserError], None]


class BackgroundJobs(QObject):
    """Runs jobs on its own pool. Callbacks run on the GUI thread, in the order in which jobs end.

    Every failure arrives as a UserError; an unexpected one is logged with its traceback first.
    """

    _finished = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None, *, max_threads: int = 4) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(max_threads)
        self._waiting: dict[int, tuple[_Job, Done | None, Failed | None]] = {}
        self._next_id = 0
        self._finished.connect(self._deliver)

    def run(self, work: Work, done: Done | None = None, failed: Failed | None = None) -> None:
        """Call `work()` on a pool thread, then `done(result)` or `failed(error)` here."""
        self._next_id += 1
        job = _Job(self._next_id, work, self._report)
        self._waiting[self._next_id] = (job, done, failed)
        self._pool.start(job)

    @property
    def unfinished(self) -> int:
        """Jobs whose result has not been delivered yet."""
        return len(self._waiting)

    def wait(self, timeout_s: float) -> bool:
        """Wait for all jobs; False when one is still running after `timeout_s`. Only at the end of the program."""
        return self._pool.waitForDone(round(1000 * timeout_s))

    def deliver(self) -> None:
        """Deliver the results that have come, where no event loop runs any more. Only at the end of the program."""
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall)

    def _report(self, job_id: int, result: object, error: object) -> None:
        """Called by the pool thread: the queued signal carries the result over."""
        emit_from_thread(self._finished, job_id, result, error)

    @Slot(int, object, object)
    def _deliver(self, job_id: int, result: object, error: UserError | None) -> None:
        _, done, failed = self._waiting.pop(job_id)
        if error is not None and failed is not None:
            failed(error)
        elif error is None and done is not None:
            done(result)


class _Job(QRunnable):
    def __init__(self, job_id: int, work: Work, report: Callable[[int, object, object], None]) -> None:
        super().__init__()
        # Python owns the job until its result is delivered, so that Qt does not delete it before.
        self.setAutoDelete(False)
        self._job_id, self._work, self._report = job_id, work, report

    def run(self) -> None:
        self._report(self._job_id, *outcome_of(self._work))


def outcome_of(work: Work) -> tuple[Any, UserError | None]:
    """Call `work()` and return its result, or its failure; an unexpected one is logged with its traceback first."""
    try:
        return work(), None
    except UserError as known:
        return None, known
    except Exception as unknown:
        log.exception("a background job failed")
        return None, UserError(f"Something unexpected went wrong ({unknown}).", "The log file has the details.")
