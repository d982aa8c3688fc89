"""OpenMP's wait policy is set before torch loads, and a user's own is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
ASK = "import os, sys; import {module}; print(*(os.environ.get(name) for name in {names}), 'torch' in sys.modules)"


def policy_after(module: str, **variables: str) -> list[str]:
    """The policy and the spin count once `module` is imported, and whether that imported torch."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    command = [sys.executable, "-c", ASK.format(module=module, names=NAMES)]
    return subprocess.check_output(command, cwd=REPOSITORY, env=environment | variables, text=True).split()


@pytest.mark.parametrize("module", ["main", "core"])
def test_threads_wait_with_a_short_spin(module: str) -> None:
    assert policy_after(module) == ["PASSIVE", "1000", "False"]


@pytest.mark.slow
def test_what_the_user_has_set_stays() -> None:
    assert policy_after("main", OMP_WAIT_POLICY="ACTIVE") == ["ACTIVE", "None", "False"]
    assert policy_after("main", GOMP_SPINCOUNT="7") == ["None", "7", "False"]
