"""What the window is made of, built in `application.py`. Owns nothing."""

from __future__ import annotations

from dataclasses import dataclass

from app.background import BackgroundJobs
from app.core_calls import CoreCalls
from app.input_devices import InputDevices
from app.soundmark_program import PROGRAM
from app.style.appearance import Appearance
from app.user_settings import UserSettings


@dataclass(frozen=True, slots=True)
class WindowParts:
    """What the window works with. program: starts a command of ours; its verb follows."""

    settings: UserSettings
    appearance: Appearance
    calls: CoreCalls
    jobs: BackgroundJobs
    devices: InputDevices
    program: tuple[str, ...] = PROGRAM
