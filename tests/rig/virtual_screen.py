"""A screen made of software: Xvfb with the openbox window manager, and a user's eyes and hands on it.

Knows windows by their titles and nothing of Soundmark.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from rig.child import Child
from rig.waiting import PATIENCE_S, wait_for


class VirtualScreen:
    """A private X display from `__enter__` to `__exit__`.

    environment: the variables that make a program open its window here; set once entered.
    """

    def __init__(self, size: str = "1280x800") -> None:
        self._size = size
        self._folder = Path(tempfile.mkdtemp(prefix="screen-"))
        self._children: list[Child] = []
        self.environment: dict[str, str] = {}

    def __enter__(self) -> VirtualScreen:
        # -displayfd: Xvfb picks a free display itself and says which once it accepts clients.
        server = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{self._size}x24", "-dpi", "96", "-nolisten", "tcp",
                  "-noreset"]  # fmt: skip
        xvfb = Child(server)
        self._children.append(xvfb)
        number = xvfb.wait_for_line(lambda line: line.strip().isdigit(), PATIENCE_S, "the number of a display").strip()
        self.environment = {
            "DISPLAY": f":{number}",
            "QT_QPA_PLATFORM": "xcb",
            "XDG_RUNTIME_DIR": str(self._folder),
            "XDG_SESSION_TYPE": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null",  # no bus: programs find out at once
        }
        self._children.append(Child(["openbox", "--sm-disable"], self._client_environment()))
        wait_for(self._is_managed, PATIENCE_S, "the window manager")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            child.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def window_titles(self) -> dict[str, str]:
        """Titles by window id, of the windows that the window manager shows."""
        listed = self._ask("wmctrl", "-l").stdout  # fails for want of a list until there was a first window
        rows = [line.split(None, 3) for line in listed.splitlines()]
        return {row[0]: row[3] for row in rows if len(row) == 4}

    def wait_for_window(self, title: str, timeout_s: float) -> str:
        """The id of the first window whose title holds `title`."""

        def look() -> str | None:
            return next((window for window, name in self.window_titles().items() if title in name), None)

        return wait_for(look, timeout_s, f"a window titled {title!r}")

    def close_window(self, window: str) -> None:
        """What a click on the frame's cross does."""
        self.run("wmctrl", "-i", "-c", window)

    def press(self, window: str, keys: str) -> None:
        """Bring the window to the front and press `keys`, as in `ctrl+o`."""
        self.run("xdotool", "windowactivate", "--sync", window, "key", keys)

    def picture(self, path: Path) -> int:
        """Save what the screen shows as a PNG; the number of colours in it (a blank screen has very few)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.run("import", "-window", "root", str(path))
        return int(self.run("identify", "-format", "%k", str(path)))

    def run(self, *words: str) -> str:
        """Run an X client on this screen; its output. Fails the test when it fails."""
        told = self._ask(*words)
        assert told.returncode == 0, f"{' '.join(words)}: {told.stderr}"
        return told.stdout

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env=self._client_environment(), capture_output=True, text=True, timeout=PATIENCE_S)

    def _is_managed(self) -> bool:
        return "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")

    def _client_environment(self) -> dict[str, str]:
        environment = os.environ | self.environment
        environment.pop("WAYLAND_DISPLAY", None)
        return environment
