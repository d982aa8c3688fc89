"""What the parts of the window share: settings, appearance, core and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi
from app.runtime.program import PROGRAM
from app.runtime.settings import UserSettings
from app.style.appearance import Appearance


@dataclass(frozen=True, slots=True)
class WindowParts:
    """What the window and its controllers are built with."""

    settings: UserSettings
    """What is remembered between runs."""
    appearance: Appearance
    """The theme in force."""
    core: CoreApi
    """What the window asks of core."""
    jobs: BackgroundJobs
    """Runs functions on pool threads."""
    file_list: Path | None = None
    """Where the list of files is kept; None: in the user's data."""
    program: tuple[str, ...] = PROGRAM
    """Starts a command of Soundmark; its verb follows."""
