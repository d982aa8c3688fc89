"""The process ends at once with its exit status, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
START_TIMEOUT_S = 110

LEAVING = """
import atexit, sys, tempfile, threading, time
from core.cli.terminal.leaving import run_and_leave
class Slow:
    def __del__(self):
        print("collected", file=sys.__stderr__, flush=True)
keep = Slow()
keep.itself = keep
folder = tempfile.TemporaryDirectory()
atexit.register(print, "at exit", file=sys.__stderr__, flush=True)
def main(argv):
    print(folder.name)
    threading.Thread(target=time.sleep, args=(1000,)).start()
    {end}
run_and_leave(main)
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("return 3", 3), ("raise SystemExit(2)", 2), ("raise SystemExit", 0), ("raise ValueError('oh')", 1)],
)
def test_the_process_leaves_at_once_and_leaves_nothing(end: str, status: int) -> None:
    """It waits for no thread and collects no object; results are written, and what must run at exit has run."""
    command = [sys.executable, "-c", LEAVING.format(end=end)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", timeout=START_TIMEOUT_S)
    assert done.returncode == status
    assert "at exit" in done.stderr
    assert "collected" not in done.stderr
    assert ("ValueError: oh" in done.stderr) is ("ValueError" in end)
    assert done.stdout.strip()
    assert not Path(done.stdout.strip()).exists()
