"""What the window is made of, built in `application.py`. Owns nothing."""

from __future__ import annotations

from dataclasses import dataclass

from app.live.input_devices import InputDevices
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreCalls
from app.runtime.program import PROGRAM
from app.runtime.settings import UserSettings
from app.style.appearance import Appearance


@dataclass(frozen=True, slots=True)
class WindowParts:
    """What the window works with. program: starts a command of ours; its verb follows."""

    settings: UserSettings
    appearance: Appearance
    calls: CoreCalls
    jobs: BackgroundJobs
    devices: InputDevices
    program: tuple[str, ...] = PROGRAM
