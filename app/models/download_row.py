"""A row of the list of models: a published or imported model and the state of its download."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from app.style import formatting
from core.errors import UserError
from core.model.checkpoints.published import PublishedModel

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress


MANUAL = "Manual download"
"""The state of a model that the hub does not have."""


class DownloadState(Enum):
    """The state of a download; the values are shown to people."""

    HERE = "On this computer"
    DOWNLOADING = "Downloading"
    WAITING = "Waiting"
    STOPPED = "Stopped"
    FAILED = "Failed"
    ABSENT = "Not downloaded"


@dataclass(slots=True, eq=False)
class DownloadRow:
    """A model and the state of its download. Owned by the GUI thread; a pool thread sees only `stop`."""

    name: str
    """What it is chosen by."""
    title: str
    """What people read."""
    summary: str
    """A sentence about it, without its full stop."""
    published: PublishedModel | None = None
    """Its row in the table of published models; None for an imported one."""
    state: DownloadState = DownloadState.ABSENT
    """How far its download is."""
    progress: DownloadProgress | None = None
    """The last report of the download."""
    kept_bytes: int = 0
    """What an earlier run of the program has downloaded of it."""
    error: UserError | None = None
    """Why the last attempt failed."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Ends the current attempt; every attempt has its own."""

    @property
    def is_here(self) -> bool:
        """It can be used."""
        return self.state is DownloadState.HERE

    @property
    def is_on_its_way(self) -> bool:
        """It is being downloaded, or waits for another download."""
        return self.state in {DownloadState.DOWNLOADING, DownloadState.WAITING}

    @property
    def can_be_downloaded(self) -> bool:
        """It is not on this computer, and the hub has it."""
        has_source = self.published is not None and self.published.can_be_downloaded
        return has_source and not self.is_here and not self.is_on_its_way

    @property
    def has_part(self) -> bool:
        """Part of it has been downloaded: a download resumes from there."""
        return not self.is_here and (self.progress is not None or self.kept_bytes > 0)

    @property
    def fraction(self) -> float | None:
        """The downloaded part of all its files together; None where their size is not known."""
        progress = self.progress
        return progress.done_bytes / progress.total_bytes if progress is not None and progress.total_bytes else None

    @property
    def has_all_arrived(self) -> bool:
        """Every byte has been downloaded; the conversion follows."""
        return self.state is DownloadState.DOWNLOADING and self.fraction == 1

    def state_text(self) -> str:
        """The state in one or two words, for a column."""
        if self.state in {DownloadState.DOWNLOADING, DownloadState.STOPPED} and self.fraction is not None:
            return f"{self.state.value}: {formatting.percent(self.fraction)}"
        is_manual = self.state is DownloadState.ABSENT and not self.can_be_downloaded
        return MANUAL if is_manual else self.state.value

    def progress_text(self) -> str:
        """How much has been downloaded, in one line."""
        if self.state is DownloadState.WAITING:
            return "Waiting for another download."
        if self.has_all_arrived:
            return "Download complete; converting…"
        is_connecting = self.state is DownloadState.DOWNLOADING and self.progress is None
        if is_connecting or not self.has_part:
            return "Connecting…" if is_connecting else ""
        done, total = (self.progress.done_bytes, self.progress.total_bytes) if self.progress else (self.kept_bytes, 0)
        arrived = formatting.megabytes_of(done, total)
        kept = "" if self.state is DownloadState.DOWNLOADING else "; this part is kept"
        return f"{arrived} downloaded{kept}."
