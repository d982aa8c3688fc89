"""The rig says what it lacks, and its waiting and its children fail with a reason instead of hanging."""

from __future__ import annotations

import sys

import pytest

from rig.child import Child
from rig.needed import missing_packages, why_not
from rig.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow


def test_a_bare_machine_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "platform", "linux")

    assert {"xvfb", "openbox", "xdotool", "pulseaudio", "pulseaudio-utils"} <= set(missing_packages())
    assert "apt-get install" in (why_not() or "")


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert "darwin" in (why_not() or "")


def test_waiting_in_vain_names_what_for() -> None:
    with pytest.raises(AssertionError, match="in vain for a miracle"):
        wait_for(lambda: None, 0.05, "a miracle")


def test_a_child_that_ends_without_the_line_fails_at_once_with_its_output() -> None:
    with Child([sys.executable, "-c", "print('something else')"]) as child:
        with pytest.raises(AssertionError, match="something else"):
            child.wait_for_line(lambda line: line == "ready", PATIENCE_S, "the word")
        assert child.wait(PATIENCE_S) == 0


def test_a_child_is_ended_with_its_group() -> None:
    with Child([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]) as child:
        child.wait_for_line(lambda line: line == "up", PATIENCE_S, "the word")

    assert child.exit_code is not None
    assert child.exit_code < 0
