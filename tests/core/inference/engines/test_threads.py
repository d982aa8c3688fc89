"""PyTorch leaves a core to capture and drawing, also where it is loaded later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
LATER = """
import sys
from core.inference.engines.threads import leave_a_core, share_cores
leave_a_core()
assert "torch" not in sys.modules
import torch
torch.set_num_threads(3)
share_cores()
share_cores()
print(torch.get_num_threads())
"""
NOT_ASKED = """
import torch
from core.inference.engines.threads import share_cores
torch.set_num_threads(3)
share_cores()
print(torch.get_num_threads())
"""


@pytest.mark.slow
@pytest.mark.parametrize(("script", "n_threads"), [(LATER, 2), (NOT_ASKED, 3)], ids=["asked", "not-asked"])
def test_a_core_is_left_once_and_only_where_it_was_asked_for(script: str, n_threads: int) -> None:
    printed = subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True)
    assert int(printed) == n_threads
