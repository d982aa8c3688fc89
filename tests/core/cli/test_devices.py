"""The list of input devices, as text and as JSON."""

from __future__ import annotations

import argparse
import json

import pytest

from core.audio.input_device import InputDevice
from core.cli import devices

MICROPHONES = (
    InputDevice("USB Mic", "ALSA", 1, 48_000, is_default=True),
    InputDevice("Line in", "ALSA", 2, 44_100, is_default=False),
)


def list_devices(found: tuple[InputDevice, ...], monkeypatch: pytest.MonkeyPatch, *, as_json: bool) -> int:
    monkeypatch.setattr(devices, "list_inputs", lambda: found)
    return devices.run(argparse.Namespace(json=as_json))


def test_the_default_device_has_a_star(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_devices(MICROPHONES, monkeypatch, as_json=False) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("* USB Mic ")
    assert second.startswith("  Line in ")


def test_json_has_every_field(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_devices(MICROPHONES, monkeypatch, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        "name": "Line in", "host_api": "ALSA", "channels": 2, "sample_rate": 44_100, "is_default": False,
    }  # fmt: skip


def test_no_device_is_an_empty_list_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_devices((), monkeypatch, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert list_devices((), monkeypatch, as_json=False) == 0
    assert capsys.readouterr().out
