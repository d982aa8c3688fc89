"""Says how many tokens each layer merges, as numbers and in the notation of `--merge`. Imports no torch, so that menus
and the command line start at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.bounds import check_whole
from core.errors import UserError

Kind = Literal["constant", "decreasing", "listed"]
Matcher = Literal["bipartite", "energy"]

FORMS: dict[str, tuple[Kind, Matcher]] = {
    "": ("constant", "bipartite"),
    "decreasing": ("decreasing", "bipartite"),
    "energy": ("constant", "energy"),
    "energy-decreasing": ("decreasing", "energy"),
}
"""What may precede the number in `--merge`, as in `decreasing:20`."""
_MOST_TOKENS, _MOST_LAYERS = 1_000_000, 256
_REMEDY = "Use auto, off, tokens per layer (16, decreasing:20, energy:16, energy-decreasing:20) or a list (8,8,4)."


@dataclass(frozen=True, slots=True)
class MergeSchedule:
    """How many tokens each layer removes."""

    kind: Kind = "constant"
    """How many tokens go: "constant" `r` in every layer; "decreasing" from 2r down to 0, linearly (ToMe, §4.1);
    "listed" the numbers of `listed`."""
    r: int = 0
    """Tokens to remove per layer."""
    listed: tuple[int, ...] = ()
    """One number per layer; layers after its end remove none."""
    reference_patches: int = 0
    """The number of patches that r is meant for. Inputs with fewer patches remove proportionally fewer tokens, so that
    short inputs do not collapse; 0 means always r."""
    matcher: Matcher = "bipartite"
    """Which tokens join which: "bipartite" (ToMe, see `merging.bipartite`), or "energy", where tokens with many similar
    ones go first and unique ones stay (PiToMe, see `merging.energy`)."""

    def __post_init__(self) -> None:
        if self.kind not in ("constant", "decreasing", "listed"):
            raise UserError(f"Unknown merge schedule {self.kind!r}.", "Use constant, decreasing or a list of numbers.")
        if self.matcher not in ("bipartite", "energy"):
            raise UserError(f"Unknown way to match tokens: {self.matcher!r}.", "Use bipartite or energy.")
        check_whole("The length of the merge schedule's list", len(self.listed), 0, _MOST_LAYERS)
        for count in (self.r, self.reference_patches, *self.listed):
            check_whole("A number of the merge schedule", count, 0, _MOST_TOKENS)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> MergeSchedule:
        """The inverse of `dataclasses.asdict`, from a file. Raises TypeError for unknown entries, and UserError."""
        fields: dict[str, Any] = {**raw, "listed": tuple(raw.get("listed", ()))}
        return cls(**fields)

    def per_layer(self, depth: int, n_patches: int) -> tuple[int, ...]:
        """Tokens to remove in each of `depth` layers for an input of `n_patches` patches."""
        if self.kind == "constant":
            wanted = [self.r] * depth
        elif self.kind == "decreasing":
            wanted = [int(2 * self.r - 2 * self.r * layer / max(1, depth - 1)) for layer in range(depth)]
        else:
            wanted = [*self.listed, *[0] * depth][:depth]
        if not self.reference_patches:
            return tuple(wanted)
        return tuple(r * min(n_patches, self.reference_patches) // self.reference_patches for r in wanted)

    def describe(self) -> str:
        """For people: "off", "constant 16", "listed 8, 8, 4", "decreasing 20 by energy"."""
        if self.removes_nothing():
            return "off"
        counts = ", ".join(map(str, self.listed)) if self.kind == "listed" else str(self.r)
        return f"{self.kind} {counts}" + (" by energy" if self.matcher == "energy" else "")

    def to_word(self) -> str:
        """In the notation that `schedule_from_word` reads; reference_patches are taken as those of the full window."""
        if self.removes_nothing():
            return "off"
        if self.kind == "listed":
            form = "energy" if self.matcher == "energy" else ""
            counts = ",".join(map(str, self.listed if len(self.listed) > 1 else (*self.listed, 0)))
        else:
            form = next(word for word, meaning in FORMS.items() if meaning == (self.kind, self.matcher))
            counts = str(self.r)
        return f"{form}:{counts}" if form else counts

    def removes_nothing(self) -> bool:
        """True when no layer would remove a token."""
        return not (any(self.listed) if self.kind == "listed" else self.r)


NO_MERGING = MergeSchedule()
"""The schedule that removes nothing."""


def schedule_from_word(word: str, full_patches: int) -> MergeSchedule:
    """Parse the notation of `--merge`: `off`, `16`, `decreasing:20`, `energy:16`, `energy-decreasing:20`, or one
    number per layer as `8,8,4` and `energy:8,8,4`.

    full_patches: patches of the full window, which the numbers are meant for. Raises UserError.
    """
    if word == "off":
        return NO_MERGING
    form, _, counts = word.rpartition(":")
    numbers = [part.strip() for part in counts.split(",")]
    if form not in FORMS or not all(part.isdecimal() for part in numbers) or word.startswith(":"):
        raise UserError(f"Token merging cannot be {word!r}.", _REMEDY)
    kind, matcher = FORMS[form]
    if len(numbers) > 1 and kind == "decreasing":
        problem = f"Token merging cannot be {word!r}: a decreasing schedule has one number."
        raise UserError(problem, f"Use {form}:{numbers[0]}, or the list alone.")
    if len(numbers) > 1:
        listed = tuple(int(part) for part in numbers)
        schedule = MergeSchedule("listed", listed=listed, reference_patches=full_patches, matcher=matcher)
    else:
        schedule = MergeSchedule(kind, int(numbers[0]), reference_patches=full_patches, matcher=matcher)
    return NO_MERGING if schedule.removes_nothing() else schedule


def most_removable(n_tokens: int, n_protected: int) -> int:
    """The most tokens one layer can remove: half of those that are not protected."""
    return max(0, (n_tokens - n_protected) // 2)


def tokens_after_layers(n_tokens: int, per_layer: Sequence[int], n_protected: int) -> tuple[int, ...]:
    """Tokens left after each layer, from `n_tokens` tokens (including the protected ones)."""
    left: list[int] = []
    for r in per_layer:
        n_tokens -= min(r, most_removable(n_tokens, n_protected))
        left.append(n_tokens)
    return tuple(left)
