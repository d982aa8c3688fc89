"""The list of microphones: read in a child process, and not taken for empty where it cannot be read."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live.input_devices import InputDevices
from tests.app.window_driving import echo


def test_devices_are_read_in_a_child(qtbot: QtBot) -> None:
    text = '[{"name": "Mic ü", "host_api": "ALSA", "channels": 2, "sample_rate": 44100, "is_default": true}]'
    devices = InputDevices(command=echo(text))
    with qtbot.waitSignal(devices.changed):
        devices.refresh()
    assert devices.devices[0].name == "Mic ü"
    assert devices.is_known


@pytest.mark.parametrize("command", [echo("oops"), ("/nowhere/at/all",)])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(qtbot: QtBot, command: tuple[str, ...]) -> None:
    devices = InputDevices(command=command)
    with qtbot.waitSignal(devices.changed):
        devices.refresh()
    assert not devices.is_known
