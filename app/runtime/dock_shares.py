"""The shares of the window that the user gave to panels, as they are kept in the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DockShares:
    """The shares of the window's width and height that the user chose; None: never dragged."""

    side: float | None = None
    bottom: float | None = None

    @classmethod
    def from_text(cls, text: str) -> DockShares:
        """Read what `to_text` wrote; anything else counts as never dragged."""
        side, _, bottom = text.partition("/")
        return cls(_share(side), _share(bottom))

    def to_text(self) -> str:
        """As in the settings: `0.25/0.31`, empty where there is none."""
        return "/".join("" if share is None else f"{share:.4f}" for share in (self.side, self.bottom))


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0.0 < share < 1.0 else None
