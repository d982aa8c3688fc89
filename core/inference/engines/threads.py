"""How many of the processor's cores models may use. Imports no torch."""

from __future__ import annotations

import os
import sys
import threading

LIMIT = "SOUNDMARK_CORES"
"""The variable of the environment that says how many cores this process, and those that it starts, may use."""
_lock = threading.Lock()
_leaves_a_core = False
_is_done = False


def leave_a_core() -> None:
    """Let PyTorch use one core less, once per process, also if it is loaded later. Capture and drawing need a core, and
    its worker threads all wait for each other while one of them has to wait for a core."""
    global _leaves_a_core
    _leaves_a_core = True
    if "torch" in sys.modules:
        share_cores()


def share_cores() -> None:
    """Do what `leave_a_core` asked for, if it has been called; for whoever has imported PyTorch."""
    global _is_done
    with _lock:
        if not _leaves_a_core or _is_done:
            return
        import torch

        torch.set_num_threads(max(1, torch.get_num_threads() - 1))
        _is_done = True


def usable_cores() -> int:
    """What SOUNDMARK_CORES says, else as many cores as the system lets this process have."""
    limit = os.environ.get(LIMIT, "")
    if limit.isdecimal() and int(limit):
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
