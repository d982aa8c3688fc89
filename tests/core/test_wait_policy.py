"""OpenMP's wait policy is set before torch loads, and a user's own is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ASK = "import os, sys; import {module}; print(os.environ.get('OMP_WAIT_POLICY'), 'torch' in sys.modules)"


def policy_after(module: str, **variables: str) -> list[str]:
    """The policy once `module` is imported, and whether that imported torch."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", ASK.format(module=module)]
    return subprocess.check_output(command, cwd=REPOSITORY, env=environment | variables, text=True).split()


@pytest.mark.parametrize("module", ["main", "core"])
def test_threads_sleep_while_they_wait(module: str) -> None:
    assert policy_after(module) == ["PASSIVE", "False"]


def test_what_the_user_has_set_stays() -> None:
    assert policy_after("main", OMP_WAIT_POLICY="ACTIVE") == ["ACTIVE", "False"]
