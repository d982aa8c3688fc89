"""What a pace is: one of a model's settings and a hop. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.bounds import check_number, check_whole
from core.errors import UserError
from core.inference.engines.models import Agreement, Setting

MOST_SETTINGS = 64
AUTO, FINEST, FASTEST = "auto", "finest", "fastest"
"""Words of `--pace`; a number is a setting's place, from 1 for the finest."""
PACES = (AUTO, FINEST, FASTEST, *map(str, range(1, MOST_SETTINGS + 1)))
"""All of them."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A pace among those of a `Ladder`. In their order: settings get faster before hops get longer."""

    hop: int
    """Its place among the hops, from 0 for the shortest."""
    setting: int
    """Its place among the settings, from 0 for the finest."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The paces of a model on this machine."""

    settings: tuple[Setting, ...]
    """The finest first; at least one."""
    hops_s: tuple[float, ...]
    """The shortest first; at least one."""
    guesses: tuple[float, ...]
    """What a window is thought to cost in each setting before it is measured, in any unit."""
    refused: Mapping[int, Agreement] = field(default_factory=dict[int, Agreement])
    """The places of settings whose answers differ too much: they are used only if they are chosen by hand."""
    n_slower: int = 0
    """How many settings are left out because they were measured to be no faster than a finer one."""
    is_benched: bool = False
    """`soundmark bench` measured all that is left out or refused."""

    def __post_init__(self) -> None:
        check_whole("The number of settings", len(self.settings), 1, MOST_SETTINGS)
        if len(self.guesses) != len(self.settings) or not all(guess > 0 for guess in self.guesses):
            raise ValueError("Each setting needs a guess above 0.")
        if not set(self.refused) < set(range(len(self.settings))):
            raise ValueError("At least one setting must not be refused.")
        if not self.hops_s or list(self.hops_s) != sorted(set(self.hops_s)):
            raise ValueError("Hops must be given once each, the shortest first.")
        for hop_s in self.hops_s:
            check_number("hop_s", hop_s, 0.01, 60.0)

    def places(self, setting: int | None = None) -> tuple[Place, ...]:
        """All places that may be chosen by the program in order, or those of one setting."""
        allowed = [one for one in range(len(self.settings)) if one not in self.refused]
        settings = allowed if setting is None else [setting]
        return tuple(Place(hop, one) for hop in range(len(self.hops_s)) for one in settings)


@dataclass(frozen=True, slots=True)
class PaceWish:
    """What the user chose."""

    setting: str = AUTO
    """AUTO, FINEST, FASTEST or a place from "1"; one behind the last setting is the last."""
    hop_s: float | None = None
    """A hop that stays; None for one that follows what the machine can hold."""

    def __post_init__(self) -> None:
        if self.setting not in PACES:
            raise UserError(
                f"The pace cannot be {self.setting!r}.",
                f"Use auto, finest, fastest or a number from 1 to {MOST_SETTINGS}.",
            )

    def setting_of(self, n_settings: int) -> int | None:
        """The place of the chosen setting among so many; None for auto."""
        if self.setting == AUTO:
            return None
        ends = {FINEST: 0, FASTEST: n_settings - 1}
        return ends[self.setting] if self.setting in ends else min(int(self.setting), n_settings) - 1


Reason = Literal["finest", "finer too slow", "hops too short", "chosen", "preparing", "waiting"]
"""Why a pace is in use: nothing is finer; finer settings would take too long; so would even the fastest one with a
shorter hop; the user chose the setting; a better one is being prepared; a finer one is possible, if that lasts."""


@dataclass(frozen=True, slots=True)
class PaceState:
    """The pace in use, and how it does."""

    ladder: Ladder
    """What there is to choose from."""
    place: Place
    """What is used."""
    wish: PaceWish
    """What the user chose."""
    reason: Reason
    """Why this place."""
    share: float | None = None
    """How much of the time there is inference uses, 1 for all of it; None where nobody knows yet."""
    is_forecast: bool = False
    """The share is what is expected: too few windows have come since the change."""
    refused_share: float | None = None
    """What the pace that was refused for `reason` would use."""
    is_behind: bool = False
    """It takes more than all the time, and nothing that may be chosen takes less: windows are skipped."""

    @property
    def setting(self) -> Setting:
        """The setting in use."""
        return self.ladder.settings[self.place.setting]

    @property
    def hop_s(self) -> float:
        """The hop in use."""
        return self.ladder.hops_s[self.place.hop]
