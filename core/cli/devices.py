"""`soundmark devices` lists the input devices."""

from __future__ import annotations

import argparse
import json

from core.audio.sources.input_devices import list_inputs
from core.terminal_text import shown


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `devices`."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(namespace: argparse.Namespace) -> int:
    """Print the input devices; a list of objects with --json. Raises UserError where PortAudio is missing."""
    inputs = list_inputs()
    if namespace.json:
        rows = [
            {
                "name": device.name,
                "host_api": device.host_api,
                "channels": device.max_channels,
                "sample_rate": round(device.default_sample_rate),
                "is_default": device.is_default,
            }
            for device in inputs
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    if not inputs:
        print("No input device was found. Plug in a microphone, or check that the sound server is running.")
    for device in inputs:
        mark = "*" if device.is_default else " "
        facts = f"{device.host_api}, {device.max_channels} channels, {device.default_sample_rate:g} Hz"
        print(shown(f"{mark} {device.name}   ({facts})"))
    return 0
