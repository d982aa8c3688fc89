"""The user's choice of input, as a value that can be stored in the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputChoice:
    """A row of SOURCES and its argument.

    kind: "microphone", "demo" or "file"; argument: device name (None for the system's default) or path.
    """

    kind: str = "microphone"
    argument: str | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        if self.kind == "demo":
            return "Demo scene"
        return self.argument or "Default microphone"

    def to_text(self) -> str:
        """One line for the settings."""
        return f"{self.kind}:{self.argument or ''}"

    @classmethod
    def from_text(cls, text: str) -> InputChoice:
        """The inverse of `to_text`; anything unreadable is the default microphone."""
        kind, _, argument = text.partition(":")
        if kind not in {"microphone", "demo"}:
            return cls()
        return cls(kind, argument or None)


DEFAULT_MICROPHONE = InputChoice()
DEMO_SCENE = InputChoice("demo")
