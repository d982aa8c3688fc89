"""How the program begins on a terminal and ends: results written, resources closed, and then at once."""

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
    "Exit status: 0 if all went well, also where the reader of the results left early (| head); 1 if something failed, "
    "results that could not be written among it; 2 for wrong usage; 130 when stopped by Ctrl+C."
)

_LEFT_TO_THE_SYSTEM = (("sounddevice", "_exit_handler"), ("pyqtgraph", "cleanup"))
"""What runs at exit and need not: PortAudio's end hangs where the sound server does, pyqtgraph's walks all objects."""


def run_and_leave(main: Callable[[list[str]], int]) -> NoReturn:
    """The whole life of the process: `main(sys.argv[1:])`, and its exit status."""
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
    """End the process with `status` (1 where the last results cannot be written). Child processes and temporary
    files are cleared away as at any exit. What is left out is the collection of every object of torch, which takes a
    second of the processor.

    clears_away: False where a thread still works, since what runs at exit may wait for what that is importing.
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
    atexit._run_exitfuncs()  # those of multiprocessing, of temporary folders, of locks


def with_results_written(status: int) -> int:
    """Flush standard output; the exit status, with what became of that."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return 0
    except OutputError as error:
        print_error(error)
        return 1
    return status
