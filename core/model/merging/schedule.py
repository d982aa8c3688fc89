"""How many tokens each layer merges, as numbers and as the words of `--merge`. Imports no torch, so that menus and the
command line know it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
"""What may stand in front of the number in `--merge`: `decreasing:20`."""
_MOST_TOKENS, _MOST_LAYERS = 1_000_000, 256
_REMEDY = "Use auto, off, tokens a layer as 16, decreasing:20, energy:16, energy-decreasing:20, or a list as 8,8,4."


@dataclass(frozen=True, slots=True)
class MergeSchedule:
    """How many tokens each layer removes.

    kind: "constant" removes `r` in every layer; "decreasing" falls linearly from 2r to 0 (ToMe, §4.1);
        "listed" takes `listed`, one number a layer, 0 for the layers after the list's end.
    reference_patches: the number of patches that r is meant for. Inputs of fewer patches remove
        proportionally fewer, so that short inputs do not collapse; 0 means r as it stands.
    matcher: which tokens join which: "bipartite" (ToMe, see `token_merging`), or "energy", where those with many
        likenesses go first and lone ones stay (PiToMe, see `energy_matching`).
    """

    kind: Kind = "constant"
    r: int = 0
    listed: tuple[int, ...] = ()
    reference_patches: int = 0
    matcher: Matcher = "bipartite"

    def __post_init__(self) -> None:
        if self.kind not in ("constant", "decreasing", "listed"):
            raise UserError(
                f"The merge schedule {self.kind!r} is not known.", "Use constant, decreasing or a list of numbers."
            )
        if self.matcher not in ("bipartite", "energy"):
            raise UserError(f"There is no way {self.matcher!r} to match tokens.", "Use bipartite or energy.")
        counts = (self.r, self.reference_patches, *self.listed)
        if not all(isinstance(count, int) for count in counts):
            raise UserError("A merge schedule counts in whole tokens.", "Use whole numbers.")
        if min(counts) < 0:
            raise UserError("A merge schedule cannot remove a negative number of tokens.", "Use 0 or more.")
        check_whole("A number of the merge schedule", max(counts), 0, _MOST_TOKENS)
        check_whole("The length of the merge schedule's list", len(self.listed), 0, _MOST_LAYERS)

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
        """As `schedule_from_word` reads it; what it removes where nothing is shorter than the full window."""
        if self.removes_nothing():
            return "off"
        if self.kind == "listed":
            form = "energy" if self.matcher == "energy" else ""
            counts = ",".join(map(str, self.listed if len(self.listed) > 1 else (*self.listed, 0)))
        else:
            form = next(word for word, meant in FORMS.items() if meant == (self.kind, self.matcher))
            counts = str(self.r)
        return f"{form}:{counts}" if form else counts

    def removes_nothing(self) -> bool:
        """True when no layer would remove a token."""
        return not (any(self.listed) if self.kind == "listed" else self.r)


NO_MERGING = MergeSchedule()
"""The schedule that removes nothing."""


def schedule_from_word(word: str, full_patches: int) -> MergeSchedule:
    """Read a schedule as `--merge` has it: `off`, `16`, `decreasing:20`, `energy:16`, `energy-decreasing:20`, or one
    number per layer as `8,8,4` and `energy:8,8,4`.

    full_patches: those of the full window, for which the numbers are meant. Raises UserError.
    """
    if word == "off":
        return NO_MERGING
    form, _, counts = word.rpartition(":")
    numbers = [part.strip() for part in counts.split(",")]
    if form not in FORMS or not all(part.isdecimal() for part in numbers) or word.startswith(":"):
        raise UserError(f"Token merging cannot be {word!r}.", _REMEDY)
    kind, matcher = FORMS[form]
    if len(numbers) > 1 and kind == "decreasing":
        problem = f"Token merging cannot be {word!r}: what decreases has one number, from twice that down to 0."
        raise UserError(problem, f"Use {form}:{numbers[0]}, or the list without the word.")
    if len(numbers) > 1:
        listed = tuple(int(part) for part in numbers)
        schedule = MergeSchedule("listed", listed=listed, reference_patches=full_patches, matcher=matcher)
    else:
        schedule = MergeSchedule(kind, int(numbers[0]), reference_patches=full_patches, matcher=matcher)
    return NO_MERGING if schedule.removes_nothing() else schedule


def most_removable(n_tokens: int, n_protected: int) -> int:
    """The cap on r in one layer: half of the tokens that are free."""
    return max(0, (n_tokens - n_protected) // 2)


def tokens_after_layers(n_tokens: int, per_layer: Sequence[int], n_protected: int) -> tuple[int, ...]:
    """Tokens left after each layer, from `n_tokens` tokens (the protected ones counted)."""
    left = []
    for r in per_layer:
        n_tokens -= min(r, most_removable(n_tokens, n_protected))
        left.append(n_tokens)
    return tuple(left)
