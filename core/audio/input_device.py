"""Describes microphones, and writes and reads lists of them as JSON, in which processes pass them on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A microphone."""

    name: str
    """As the sound system calls it."""
    host_api: str
    """The sound system that it belongs to."""
    channels: int
    """The most it can record."""
    sample_rate: int
    """Its default, in Hz."""
    is_default: bool
    """Whether the system uses it by default."""

    @property
    def full_name(self) -> str:
        """The name with the sound system, as Windows lists one microphone several times: "USB Mic, Windows WASAPI"."""
        return f"{self.name}, {self.host_api}"


def devices_to_json(devices: Sequence[InputDevice]) -> str:
    """A JSON list with an object for each device."""
    return json.dumps([asdict(device) for device in devices], ensure_ascii=False, indent=1)


def devices_from_json(text: str) -> tuple[InputDevice, ...]:
    """The devices in a JSON list. Raises ValueError for anything else."""
    parsed: Any = json.loads(text)
    if not isinstance(parsed, list):
        raise ValueError("not a list of devices")
    rows = cast("list[Any]", parsed)
    try:
        return tuple(
            InputDevice(
                name=str(row["name"]),
                host_api=str(row.get("host_api", "")),
                channels=int(row.get("channels", 1)),
                sample_rate=int(row.get("sample_rate", 0)),
                is_default=bool(row.get("is_default", False)),
            )
            for row in rows
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a device without {error}") from error
