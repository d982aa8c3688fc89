"""Shows how far a download is: a bar for people, JSON lines for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.progress import DownloadColumn, TimeRemainingColumn

from core.cli.terminal.console import progress_bar
from core.terminal_text import shown
from core.throttle import Throttle

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress

_REPORT_EVERY_S = 0.5


class ProgressBar:
    """A bar on standard error; nothing where that is not a terminal."""

    def __init__(self) -> None:
        self._bar = progress_bar(DownloadColumn(), TimeRemainingColumn(), shows_always=True)
        self._task = self._bar.add_task("", total=None)

    def show(self, progress: DownloadProgress) -> None:
        """Move the bar."""
        self._bar.start()
        done, total = progress.done_bytes, progress.total_bytes
        self._bar.update(self._task, description=shown(progress.file), completed=done, total=total)

    def end(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


class JsonProgress:
    """A JSON line on standard output every half second, and at the end."""

    def __init__(self) -> None:
        self._throttle = Throttle(_REPORT_EVERY_S)

    def show(self, progress: DownloadProgress) -> None:
        """Print a line if one is due."""
        if self._throttle.is_due() or progress.done_bytes == progress.total_bytes:
            self._throttle.restart()
            sizes = {"done_bytes": progress.done_bytes, "total_bytes": progress.total_bytes}
            line = {"type": "progress", "name": progress.name, "file": progress.file, **sizes}
            print(json.dumps(line, ensure_ascii=False), flush=True)

    def end(self) -> None:
        """Do nothing: each line is out."""
