"""What the rig needs on this machine, and what of it is missing. Knows no test.

`python tests/rig/needed.py` says it in words.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

MICROPHONE_PROGRAMS = {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "paplay": "pulseaudio-utils"}
SCREEN_PROGRAMS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "wmctrl": "wmctrl",
    "xprop": "x11-utils",
    "xwininfo": "x11-utils",
    "import": "imagemagick",
}
PULSE_PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"


def missing_packages() -> list[str]:
    """Debian's names of the packages that the rig lacks here, sorted; empty when it can run."""
    programs = MICROPHONE_PROGRAMS | SCREEN_PROGRAMS
    missing = {package for program, package in programs.items() if shutil.which(program) is None}
    if not _has_pulse_plugin():
        missing.add("libasound2-plugins")
    return sorted(missing)


def why_not() -> str | None:
    """One sentence for a skipped test, or None when the rig can run."""
    if not sys.platform.startswith("linux"):
        return f"the virtual microphone and screen exist on Linux only, and this is {sys.platform}"
    missing = missing_packages()
    return f"the rig lacks packages: apt-get install {' '.join(missing)}" if missing else None


def _has_pulse_plugin() -> bool:
    # Without it PortAudio lists no device at all, and gives no error.
    folders = [Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-gnu*")]
    return any((folder / PULSE_PLUGIN).exists() for folder in folders)


if __name__ == "__main__":
    reason = why_not()
    print(reason or "the rig has all it needs")
    sys.exit(1 if reason else 0)
