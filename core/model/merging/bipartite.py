"""Token merging (ToMe; Bolya et al., arXiv:2210.09461), as pure functions on tensors.

Letters as in the paper: B batch, N tokens, C channels, r tokens removed in a layer. The first `n_protected`
tokens (class and distillation token) never move and nothing merges into them; both keep their places.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.merging.schedule import most_removable


@dataclass(frozen=True, slots=True)
class Matching:
    """Which tokens stay, which leave, and which ones they join, separately for each clip of the batch.

    kept: `(B, N - r)`, the old index of the token at each new place, the protected ones first.
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
    merge. Position decides between equal similarities, so that every device gives the same answer. The new order is
    the paper's: protected, unmerged A, B.
    """
    # Without this, autocast would compute the similarities in bf16 all the same, and other pairs would merge.
    with torch.no_grad(), torch.autocast(keys.device.type, enabled=False):
        return _match(keys.float(), min(r, most_removable(keys.shape[1], n_protected)), n_protected)


def _match(keys: Tensor, r: int, n_protected: int) -> Matching:
    metric = unit_length(keys)
    scores = metric[:, ::2] @ metric[:, 1::2].transpose(1, 2)  # (B, A, B)
    n_protected_a, n_protected_b = (n_protected + 1) // 2, n_protected // 2
    scores[:, :n_protected_a] = -torch.inf
    scores[:, :, :n_protected_b] = -torch.inf

    best, partner = best_partner(scores)
    order = best.argsort(dim=-1, descending=True, stable=True)
    sources = order[:, :r]
    unmerged = order[:, r:].sort(dim=-1).values  # ascending: the protected ones come first

    moved = 2 * sources
    n_unmerged = unmerged.shape[1]
    b_positions = (2 * torch.arange(scores.shape[2], device=keys.device) + 1).expand(keys.shape[0], -1)
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


def unit_length(keys: Tensor) -> Tensor:
    """Keys `(B, N, C)` divided by their lengths. A key of zeros has no direction: it stays, and its cosine with every
    other is 0, where dividing would give NaN."""
    return F.normalize(keys, dim=-1, eps=1e-6)


def best_partner(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The highest score of each row of `(B, rows, columns)` and its column, both `(B, rows)`; the first of equal ones,
    as `Tensor.max` guarantees."""
    best, column = scores.max(dim=-1)
    return best, column


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
    if len(indices) == 1:
        return indices[0]
    offsets = torch.arange(len(indices), device=indices.device) * n_tokens
    return (indices + offsets.unsqueeze(-1)).flatten()
