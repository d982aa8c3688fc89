"""Requests to a run: they are handled in order, unknown words are ignored, and signals are restored."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from rig.waiting import PATIENCE_S
from training.loop.control import RunControl


def received(control: RunControl, n_requests: int) -> list[str]:
    """The next requests, which may come from another thread."""
    deadline, requests = time.monotonic() + PATIENCE_S, list[str]()
    while len(requests) < n_requests:
        assert time.monotonic() < deadline, f"only {requests} came"
        request = control.poll()
        if request is None:
            time.sleep(0.005)
        else:
            requests.append(request)
    return requests


def test_requests_are_polled_in_order_and_polling_never_waits() -> None:
    control = RunControl()
    assert control.poll() is None
    control.request("pause")
    control.request("resume")
    assert [control.poll(), control.poll(), control.poll()] == ["pause", "resume", None]


def test_waiting_ends_with_a_request_of_another_thread() -> None:
    control = RunControl()
    threading.Timer(0.05, control.request, ["resume"]).start()
    assert control.wait() == "resume"


def test_only_known_commands_are_read_and_the_end_of_input_is_no_request() -> None:
    control = RunControl()
    control.read(io.StringIO("pause\nfaster\n\n  stop  \n"))
    assert received(control, 2) == ["pause", "stop"]
    assert control.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop_and_the_second_interrupts(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    before, control = signal.getsignal(number), RunControl()

    def interrupted() -> None:
        with control.signals():
            os.kill(os.getpid(), number)
            assert received(control, 1) == ["stop"]
            assert "Ctrl+C" in capsys.readouterr().err
            os.kill(os.getpid(), number)
            time.sleep(PATIENCE_S)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert signal.getsignal(number) == before


def test_a_failed_run_keeps_the_signals_until_its_end() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def fail(control: RunControl) -> None:
        with control.signals():
            raise ConnectionError

    with ExitStack() as until:
        with pytest.raises(ConnectionError):
            fail(RunControl(until))
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    with pytest.raises(ConnectionError):
        fail(RunControl())
    assert signal.getsignal(signal.SIGTERM) == before
