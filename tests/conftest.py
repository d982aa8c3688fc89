"""Before anything of Qt is imported: no screen, no sound, settings and caches of its own."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import settings

# An end-to-end session sets SOUNDMARK_XCB=1 and runs on a real (virtual) X screen.
if os.environ.get("SOUNDMARK_XCB") != "1":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
_HOME = tempfile.mkdtemp(prefix="soundmark-tests-")
for _name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
    os.environ[_name] = os.path.join(_HOME, _name.lower())
# Two OpenMP programs at once wait for each other: one thread each keeps times steady on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# As core sets them; some tests import torch first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# Tests of graphs ask for them; the others shall not start processes that make some.
os.environ.setdefault("SOUNDMARK_ENGINE", "torch")

# A machine that is busy with other programs must not look like a failure.
settings.register_profile("soundmark", deadline=None)
settings.load_profile("soundmark")

pytest_plugins = ["rig.patient_bot"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the whole window as slow: there are hundreds, a third of a second each."""
    for item in items:
        if "make_window" in getattr(item, "fixturenames", ()) and item.path.stem != "test_main_window":
            item.add_marker(pytest.mark.slow)
