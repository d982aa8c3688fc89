"""Chooses which tokens to merge by how many others they resemble (PiToMe; Tran et al., NeurIPS 2024,
arXiv:2405.16148), as a pure function on tensors; `bipartite.merge_tokens` then merges them.

Letters as in the paper: B batch, N tokens, C channels, r tokens removed in a layer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.merging.bipartite import Matching, best_partner, unit_length
from core.model.merging.schedule import most_removable

MARGIN = 0.5
"""The cosine from which two tokens count as similar. In the paper it also falls with the depth of the layer."""
_STEPS = 2.0**16
"""Energies are compared in steps of 1 / 65536. The energies of equal tokens differ in their last digits, depending on
the order in which a device adds; within a step, position decides."""


def match_by_energy(keys: Tensor, r: int, n_protected: int, margin: float = MARGIN) -> Matching:
    """Match among the 2r tokens of highest energy; the others, which few resemble, stay as they are.

    keys: `(B, N, C)`, the attention's keys averaged over its heads; compared by cosine, in float32. The first
    `n_protected` tokens take no part. Sorted by falling energy, every other token is in set A and the rest in set B,
    and each a joins its most similar b: r tokens leave, if there are 2r. Position decides between equal energies and
    similarities. The tokens that stay keep their order.
    """
    # Without this, autocast would compute the similarities in bf16 all the same, and other pairs would merge.
    with torch.no_grad(), torch.autocast(keys.device.type, enabled=False):
        return _match(keys.float(), min(r, most_removable(keys.shape[1], n_protected)), n_protected, margin)


def energies(cosines: Tensor, margin: float = MARGIN) -> Tensor:
    """How redundant each token is: high in a large group of similar tokens, low for a unique one.

    cosines: `(B, N, N)`, of every token with every one. Returns `(B, N)`, the mean of ELU(cosine - margin) over all
    tokens, itself included (which adds the same to each and keeps the order).
    """
    return F.elu(cosines - margin).mean(dim=-1)


def _match(keys: Tensor, r: int, n_protected: int, margin: float) -> Matching:
    metric = unit_length(keys[:, n_protected:])
    cosines = metric @ metric.transpose(1, 2)
    n_batch, n_free, _ = cosines.shape
    energy = (energies(cosines, margin) * _STEPS).round()
    mergeable = energy.argsort(dim=-1, descending=True, stable=True)[:, : 2 * r]
    moved, targets = mergeable[:, ::2], mergeable[:, 1::2].sort(dim=-1).values  # both (B, r): sets A and B
    if r:
        scores = cosines.gather(1, moved.unsqueeze(-1).expand(-1, -1, n_free))
        _, partner = best_partner(scores.gather(2, targets.unsqueeze(1).expand(-1, r, -1)))
        chosen = targets.gather(1, partner)
    else:
        chosen = moved

    stays = torch.ones(n_batch, n_protected + n_free, dtype=torch.bool, device=keys.device)
    # A tensor of False, not the number: the tracer that makes graphs knows no scatter of a bool.
    stays = stays.scatter(1, moved + n_protected, torch.zeros_like(moved, dtype=torch.bool))
    kept = (~stays).byte().argsort(dim=-1, stable=True)[:, : n_protected + n_free - r]  # a mask would make a GPU wait
    new_place = stays.cumsum(dim=1) - 1
    return Matching(kept, moved + n_protected, new_place.gather(1, chosen + n_protected))
