"""The process: memory that was freed is used again without asking the kernel."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"),
    reason="glibc's malloc is not here",
)
FAULTS_OF_SECOND_USE = """
import resource, sys
if sys.argv[1] == "core":
    import core

def use():
    b"x" * 20_000_000

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first_import: str, **environment: str) -> int:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_", "LD_PRE"))}
    found = subprocess.run(
        [sys.executable, "-c", FAULTS_OF_SECOND_USE, first_import],
        env={**plain, **environment},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout)


def test_a_freed_block_is_used_again_without_page_faults() -> None:
    assert faults("core") < 100 < 1000 < faults("nothing")


def test_a_malloc_that_the_user_tells_what_to_do_is_left_alone() -> None:
    assert faults("core", MALLOC_TRIM_THRESHOLD_="131072", MALLOC_MMAP_THRESHOLD_="131072") > 1000
