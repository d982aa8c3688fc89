"""The command `soundmark`. An installed wheel has this file as `soundmark/__init__.py`, beside main.py and its folders.

Their names (`app`, `core`, `main`) are common: they join the path of this program alone, never site-packages.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn


def run() -> NoReturn:
    """Run `main.py` with the arguments of this process, and end with its exit status."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from core.cli.terminal.leaving import run_and_leave
    from main import main

    run_and_leave(main)
