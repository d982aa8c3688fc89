"""Starts and ends the program on a terminal: results are written, resources closed, then it exits at once."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from core.cli.terminal.streams import OutputError, open_standard_streams, print_error
from core.cli.terminal.terminal_log import log_to_terminal

EXIT_STATUS = (
    "Exit status: 0 on success, also if the reader of the results left early (| head); 1 if something failed, results "
    "that could not be written included; 2 for wrong usage; 130 if stopped by Ctrl+C."
)

_LEFT_TO_THE_SYSTEM = (("sounddevice", "_exit_handler"), ("pyqtgraph", "cleanup"))
"""What runs at exit but need not: PortAudio's exit hangs if the sound server does, pyqtgraph's visits all objects."""


def run_and_leave(main: Callable[[list[str]], int]) -> NoReturn:
    """Run `main(sys.argv[1:])` and end the process with its exit status."""
    open_standard_streams()
    log_to_terminal()
    status = 1
    try:
        status = main(sys.argv[1:])
    except SystemExit as error:  # argparse
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    leave(status)


def leave(status: int, *, clears_away: bool = True) -> NoReturn:
    """End the process with `status` (1 if the last results cannot be written). Child processes and temporary files are
    cleaned up as at any exit; only the garbage collection of all objects of torch, a second of work, is skipped.

    clears_away: False while a thread is at work, since exit functions may wait for what it is importing.
    """
    try:
        status = with_results_written(status)
        if clears_away:
            _run_exit_functions()
        logging.shutdown()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _run_exit_functions() -> None:
    for module, name in _LEFT_TO_THE_SYSTEM:
        with suppress(KeyError, AttributeError):
            atexit.unregister(getattr(sys.modules[module], name))
    # Those of multiprocessing, of temporary folders, of locks; nothing public runs them.
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]


def with_results_written(status: int) -> int:
    """Flush standard output; `status`, or what that changes it to."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return 0
    except OutputError as error:
        print_error(error)
        return 1
    return status
