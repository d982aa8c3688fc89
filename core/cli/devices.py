"""`soundmark devices` lists the input devices."""

from __future__ import annotations

import argparse

from core.audio.input_device import devices_to_json
from core.audio.sources.input_devices import list_inputs
from core.terminal_text import shown


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `devices`."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(namespace: argparse.Namespace) -> int:
    """Print the input devices; a list of objects with --json. Raises UserError where PortAudio is missing."""
    inputs = list_inputs()
    if namespace.json:
        print(devices_to_json(inputs))
        return 0
    if not inputs:
        print("No input device was found. Plug in a microphone, or check that the sound server is running.")
    for device in inputs:
        mark = "*" if device.is_default else " "
        facts = f"{device.host_api}, {device.channels} channels, {device.sample_rate:g} Hz"
        print(shown(f"{mark} {device.name}   ({facts})"))
    return 0
