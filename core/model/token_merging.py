"""Token merging (ToMe; Bolya et al., arXiv:2210.09461), as pure functions on tensors. Knows no model.

Letters as in the paper: B batch, N tokens, C channels, r tokens removed in a layer. The first `n_protected`
tokens (class and distillation token) never move and nothing merges into them; both keep their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class MergeSchedule:
    """How many tokens each layer removes.

    kind: "constant" removes `r` in every layer; "decreasing" falls linearly from 2r to 0 (ToMe, §4.1);
        "listed" takes `listed`, one number a layer, 0 for the layers after the list's end.
    reference_patches: the number of patches that r is meant for. Inputs of fewer patches remove
        proportionally fewer, so that short inputs do not collapse; 0 means r as it stands.
    """

    kind: Literal["constant", "decreasing", "listed"] = "constant"
    r: int = 0
    listed: tuple[int, ...] = ()
    reference_patches: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("constant", "decreasing", "listed"):
            raise UserError(
                f"The merge schedule {self.kind!r} is not known.", "Use constant, decreasing or a list of numbers."
            )
        counts = (self.r, self.reference_patches, *self.listed)
        if not all(isinstance(count, int) for count in counts):
            raise UserError("A merge schedule counts in whole tokens.", "Use whole numbers.")
        if min(counts) < 0:
            raise UserError("A merge schedule cannot remove a negative number of tokens.", "Use 0 or more.")

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
        """For people: "constant 16", "listed 8, 8, 4"."""
        return f"{self.kind} {', '.join(map(str, self.listed)) if self.kind == 'listed' else self.r}"

    def removes_nothing(self) -> bool:
        """True when no layer would remove a token."""
        return not (any(self.listed) if self.kind == "listed" else self.r)


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


@dataclass(frozen=True, slots=True)
class Matching:
    """Which tokens stay, which leave, and whom they join; for each clip of the batch its own.

    kept: `(B, N - r)`, the old index of the token at each new place: protected, unmerged A, B.
    moved: `(B, r)`, the old index of each token that leaves.
    joined: `(B, r)`, the new place of the token that it joins.
    """

    kept: Tensor
    moved: Tensor
    joined: Tensor

    @property
    def places(self) -> Tensor:
        """`(B, N)`: the new place of every old token."""
        n_batch, n_kept = self.kept.shape
        places = self.kept.new_empty(n_batch, n_kept + self.moved.shape[1])
        places.scatter_(1, self.kept, torch.arange(n_kept, device=self.kept.device).expand(n_batch, -1))
        return places.scatter_(1, self.moved, self.joined)


def match_tokens(keys: Tensor, r: int, n_protected: int) -> Matching:
    """Bipartite soft matching (ToMe, §3.2).

    keys: `(B, N, C)`, the attention's keys averaged over its heads; compared by cosine, in float32.
    Even positions are set A, odd ones set B; every a finds its most similar b, and the r most similar pairs
    merge. Equal similarities are settled by position, so that every device gives the same answer.
    """
    # Without this, autocast would compute the similarities in bf16 all the same, and other pairs would merge.
    with torch.no_grad(), torch.autocast(keys.device.type, enabled=False):
        return _match(keys.float(), min(r, most_removable(keys.shape[1], n_protected)), n_protected)


def _match(keys: Tensor, r: int, n_protected: int) -> Matching:
    # A zero key has no direction: the clamp gives it cosine 0 with everything, where division gives NaN.
    metric = keys / keys.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    scores = metric[:, ::2] @ metric[:, 1::2].transpose(1, 2)  # (B, A, B)
    n_protected_a, n_protected_b = (n_protected + 1) // 2, n_protected // 2
    scores[:, :n_protected_a] = -torch.inf
    scores[:, :, :n_protected_b] = -torch.inf

    best = scores.amax(dim=-1)  # (B, A)
    b_indices = torch.arange(scores.shape[2], device=keys.device)
    # The first of equal maxima: argmax promises nothing under ties.
    partner = torch.where(scores == best.unsqueeze(-1), b_indices, scores.shape[2]).amin(dim=-1)
    partner = partner.clamp_max(scores.shape[2] - 1)
    order = best.argsort(dim=-1, descending=True, stable=True)
    sources = order[:, :r]
    unmerged = order[:, r:].sort(dim=-1).values  # ascending: the protected ones come first

    moved = 2 * sources
    n_unmerged = unmerged.shape[1]
    b_positions = (2 * b_indices + 1).expand(keys.shape[0], -1)
    kept = torch.cat(
        [
            torch.arange(n_protected, device=keys.device).expand(keys.shape[0], -1),
            2 * unmerged[:, n_protected_a:],
            b_positions[:, n_protected_b:],
        ],
        dim=1,
    )
    joined = partner.gather(1, sources) + n_protected - n_protected_b + n_unmerged - n_protected_a
    return Matching(kept, moved, joined)


def merge_tokens(x: Tensor, size: Tensor, matching: Matching) -> tuple[Tensor, Tensor]:
    """Each kept token becomes the size-weighted mean of itself and the tokens that join it (ToMe, §3.2).

    x: `(B, N, C)`; size: `(B, N)`, patches that each token stands for. Returns both with N - r tokens.
    """
    weighted = x * size.unsqueeze(-1)
    kept, moved = _take(weighted, matching.kept), _take(weighted, matching.moved)
    merged = kept.flatten(0, 1).index_add(0, _rows(matching.joined, kept.shape[1]), moved.flatten(0, 1)).view_as(kept)
    new_size = size.gather(1, matching.kept).scatter_add(1, matching.joined, size.gather(1, matching.moved))
    return (merged / new_size.unsqueeze(-1)).to(x.dtype), new_size


def follow(places: Tensor, matching: Matching) -> Tensor:
    """Where the input's tokens are after one more merge.

    places: `(B, N0)`, the place of each of the N0 input tokens before it. Returns `(B, N0)`.
    """
    return matching.places.gather(1, places)


def unmerge_tokens(x: Tensor, places: Tensor) -> Tensor:
    """Give every input token the features of the token it went into.

    x: `(B, N, C)`; places: `(B, N0)` from `follow`. Returns `(B, N0, C)` in the input's order, so that the
    patches lie on their grid again; right with any number of protected tokens.
    """
    return _take(x, places)


def _take(x: Tensor, indices: Tensor) -> Tensor:
    """Tokens of x `(B, N, C)` at `indices` `(B, M)`: `(B, M, C)`. Whole rows at once: several times faster than
    `gather`, which looks up every single channel."""
    rows = x.flatten(0, 1).index_select(0, _rows(indices, x.shape[1]))
    return rows.view(*indices.shape, x.shape[2])


def _rows(indices: Tensor, n_tokens: int) -> Tensor:
    """Indices `(B, M)` into the tokens of each clip as indices `(B * M,)` into those of all clips together."""
    offsets = torch.arange(len(indices), device=indices.device) * n_tokens
    return (indices + offsets.unsqueeze(-1)).flatten()
