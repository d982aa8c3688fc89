"""Puts the files of the root into the package `soundmark` of a wheel; hatchling maps folders alone by itself.

An editable wheel gets none: copies of them would hide the checkout's.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACES = {"main.py": "soundmark/main.py", "soundmark.py": "soundmark/__init__.py"}


class WheelFiles(BuildHookInterface):
    """Run by hatchling, as pyproject.toml says."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """version: "standard" or "editable"."""
        if version == "standard":
            build_data["force_include"].update(PLACES)
