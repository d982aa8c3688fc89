"""`soundmark listen` and `soundmark devices`: with a microphone, without one, and without a screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.child import Child
from rig.virtual_microphone import VirtualMicrophone
from rig.waiting import PATIENCE_S

Start = Callable[..., Child]

LISTENED_S = 8
HOP_S = 0.5


def objects(child: Child) -> list[dict[str, Any]]:
    """stdout as JSON, one object a line, without events and paces."""
    lines = [json.loads(line) for line in child.stdout]
    return [line for line in lines if line["type"] not in ("event", "pace")]


def is_window(line: str) -> bool:
    """Whether a line of output is a window's."""
    return line.startswith("{") and json.loads(line)["type"] == "window"


def test_a_microphone_is_tagged_twice_a_second(start: Start, microphone: VirtualMicrophone, sweep_wav: Path) -> None:
    child = start("listen", "--input", microphone.name, "--seconds", str(LISTENED_S), "--format", "jsonl")
    child.wait_for_line(is_window, PATIENCE_S, "a first window")
    microphone.play(sweep_wav)
    assert child.wait(PATIENCE_S) == 0, child.describe()

    *windows, summary = objects(child)
    assert {window["type"] for window in windows} == {"window"}
    assert summary["type"] == "summary"
    ends_s = [window["end_s"] for window in windows]
    assert ends_s == sorted(set(ends_s))
    assert all(window["scores"] and window["latency_ms"] > 0 for window in windows)
    # A busy machine may skip windows, which then are counted; it may not lose any without a word.
    due = (ends_s[-1] - ends_s[0]) / HOP_S
    assert len(windows) - 1 + summary["skipped_windows"] >= due * 0.9
    assert summary["windows"] == len(windows)
    assert summary["dropped_blocks"] == 0
    assert summary["real_time_factor"] > 0


RECOGNISED = {"rooster": ("rooster", "crowing"), "siren": ("siren",), "clapping": ("clapping", "applause")}
"""Recordings of ESC-50, with parts of what they may be called."""


def test_a_real_recording_is_recognised_through_the_microphone(
    start: Start, microphone: VirtualMicrophone, real_clip: Callable[[str], Path]
) -> None:
    clips = [real_clip(label) for label in RECOGNISED]
    child = start("listen", "--input", microphone.name, "--format", "jsonl")
    child.wait_for_line(is_window, PATIENCE_S, "a first window")

    heard = []
    for clip in clips:
        before = len(child.stdout)
        microphone.play(clip)
        events = [line for line in map(json.loads, child.stdout[before:]) if line["type"] == "event"]
        started = [event for event in events if event["state"] == "started"]
        heard.append({event.get("name", event["label"]).lower() for event in started})
    child.interrupt()
    child.wait(PATIENCE_S)

    recognised = [
        any(word in label for label in labels for word in words)
        for words, labels in zip(RECOGNISED.values(), heard, strict=True)
    ]
    assert sum(recognised) >= 2, dict(zip(RECOGNISED, heard, strict=True))


def test_a_file_is_listened_to_until_its_end(start: Start, sweep_wav: Path) -> None:
    child = start("listen", "--input", sweep_wav, "--format", "jsonl")
    assert child.wait(PATIENCE_S) == 0, child.describe()

    *windows, summary = objects(child)
    assert windows
    assert windows[-1]["end_s"] == pytest.approx(6, abs=HOP_S + 0.1)
    assert summary["windows"] == len(windows)


def test_without_a_microphone_the_demo_scene_plays_and_says_so(start: Start, no_device: dict[str, str]) -> None:
    child = start("listen", "--seconds", "3", "--format", "jsonl", extra=no_device)
    assert child.wait(PATIENCE_S) == 0, child.describe()

    assert any("demo" in line.lower() for line in child.stderr), child.describe()
    *windows, summary = objects(child)
    assert windows
    assert summary["type"] == "summary"


def test_without_a_screen_the_window_gives_way_to_listening(start: Start) -> None:
    child = start()
    child.wait_for_line(lambda line: "display" in line.lower() or "screen" in line.lower(), PATIENCE_S, "a word on it")
    child.wait_for_line(lambda line: "%" in line or "0." in line, PATIENCE_S, "a first line of scores")
    child.interrupt()

    assert child.wait(PATIENCE_S) == 0, child.describe()
    assert not any("Traceback" in line for line in child.stderr), child.describe()


def test_an_unknown_input_is_refused_with_a_remedy(start: Start) -> None:
    child = start("listen", "--input", "no such microphone", "--seconds", "1")

    assert child.wait(PATIENCE_S) != 0
    assert "no such microphone" in "\n".join(child.stderr)
    assert not any("Traceback" in line for line in child.stderr), child.describe()


def test_devices_names_the_microphone(start: Start, microphone: VirtualMicrophone) -> None:
    child = start("devices", "--json")

    assert child.wait(PATIENCE_S) == 0, child.describe()
    assert microphone.name in "\n".join(child.stdout)
    json.loads("\n".join(child.stdout))


def test_devices_says_so_when_there_are_none(start: Start, no_device: dict[str, str]) -> None:
    child = start("devices", extra=no_device)

    child.wait(PATIENCE_S)
    assert child.stdout or child.stderr
    assert not any("Traceback" in line for line in child.stderr), child.describe()
