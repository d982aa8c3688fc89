"""`main.py devices`: the inputs there are. Knows no window."""

from __future__ import annotations

import json

from core.audio.sources.input_devices import list_inputs
from core.terminal_text import shown


def run_devices(as_json: bool) -> int:
    """Print the inputs; a list of objects with `--json`. Raises UserError where PortAudio is missing."""
    inputs = list_inputs()
    if as_json:
        rows = [
            {
                "name": one.name,
                "host_api": one.host_api,
                "channels": one.max_channels,
                "sample_rate": round(one.default_sample_rate),
                "is_default": one.is_default,
            }
            for one in inputs
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    if not inputs:
        print("No input device was found. Plug in a microphone, or check that the sound server runs.")
    for one in inputs:
        mark = "*" if one.is_default else " "
        facts = f"{one.host_api}, {one.max_channels} channels, {one.default_sample_rate:g} Hz"
        print(shown(f"{mark} {one.name}   ({facts})"))
    return 0
