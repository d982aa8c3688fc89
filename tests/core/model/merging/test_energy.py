"""The energy gate: crowds merge, the lone ones stay, and neither order nor device decides."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.model.merging.bipartite import merge_tokens
from core.model.merging.energy import energies, match_by_energy

seeds = st.integers(0, 2**31)


def crowd_and_loners(n_crowd: int, n_loners: int, seed: int) -> Tensor:
    """Keys `(1, n_crowd + n_loners, C)`: near-copies of one direction, then one direction each, all orthogonal."""
    width = n_loners + 1
    keys = torch.cat([torch.eye(width)[:1].expand(n_crowd, -1), torch.eye(width)[1:]])
    noise = torch.randn(keys.shape, generator=torch.Generator().manual_seed(seed))
    return (keys + 0.01 * noise).unsqueeze(0)


def cosines(keys: Tensor) -> Tensor:
    return F.cosine_similarity(keys.unsqueeze(2), keys.unsqueeze(1), dim=-1)


def groups(keys: Tensor, r: int, n_protected: int) -> set[frozenset[int]]:
    """Which tokens of the first clip end up together."""
    places = match_by_energy(keys, r, n_protected).places[0].tolist()
    return {frozenset(i for i, place in enumerate(places) if place == group) for group in places}


def test_energy_is_the_mean_of_elu_over_all_cosines() -> None:
    keys = torch.randn(1, 7, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for i in range(7):
        above = torch.cosine_similarity(keys[0, i], keys[0], dim=-1) - 0.5
        expected = sum(x if x > 0 else math.exp(x) - 1 for x in above.tolist()) / 7
        assert math.isclose(energies(cosines(keys))[0, i].item(), expected, abs_tol=1e-9)


def test_a_crowd_has_more_energy_than_a_pair_and_a_pair_than_one() -> None:
    keys = torch.eye(3)[[0, 0, 0, 0, 1, 1, 2]].unsqueeze(0)
    crowd, pair, alone = energies(cosines(keys))[0, [0, 4, 6]].tolist()
    assert crowd > pair > alone


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(1, 20), st.data(), seeds)
def test_loners_stay_as_they_are(n_crowd: int, n_loners: int, data: st.DataObject, seed: int) -> None:
    r = data.draw(st.integers(1, n_crowd // 2))
    keys = crowd_and_loners(n_crowd, n_loners, seed)
    x = torch.randn(1, n_crowd + n_loners, 3, generator=torch.Generator().manual_seed(seed))
    matching = match_by_energy(keys, r, 0)
    merged, size = merge_tokens(x, torch.ones(x.shape[:2]), matching)
    assert matching.moved.max() < n_crowd
    assert torch.equal(merged[:, -n_loners:], x[:, -n_loners:])
    assert torch.equal(size[:, -n_loners:], torch.ones(1, n_loners))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(0, 9), seeds)
def test_identical_tokens_merge_first_and_nothing_is_lost(n_crowds: int, n_loners: int, seed: int) -> None:
    """Crowds of 2, 4, 6… equal tokens anywhere among loners: each crowd loses half, and no direction vanishes."""
    directions = torch.eye(n_crowds + n_loners)
    crowds = torch.arange(n_crowds).repeat_interleave(2 * torch.arange(1, n_crowds + 1))
    of_token = torch.cat([crowds, torch.arange(n_crowds, n_crowds + n_loners)])
    of_token = of_token[torch.randperm(len(of_token), generator=torch.Generator().manual_seed(seed))]
    keys = directions[of_token].unsqueeze(0)
    merged, size = merge_tokens(keys, torch.ones(keys.shape[:2]), match_by_energy(keys, len(crowds) // 2, 0))
    assert sorted(map(tuple, merged[0].unique(dim=0).tolist())) == sorted(map(tuple, directions.tolist()))
    assert torch.equal((merged * size.unsqueeze(-1)).sum(dim=1), keys.sum(dim=1))
    assert merged.shape[1] == len(crowds) // 2 + n_loners


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 16), st.integers(0, 8), st.integers(0, 2), seeds)
def test_the_order_of_tokens_does_not_decide(n_tokens: int, r: int, n_protected: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(1, n_tokens, 8, generator=generator)
    free = energies(cosines(keys[:, n_protected:]))[0].sort().values
    assume(len(free) < 2 or free.diff().min() > 1e-4)  # equal energies are settled by position
    shuffled = torch.randperm(n_tokens - n_protected, generator=generator) + n_protected
    order = torch.cat([torch.arange(n_protected), shuffled])
    plain = groups(keys, r, n_protected)
    again = {frozenset(order[i].item() for i in group) for group in groups(keys[:, order], r, n_protected)}
    assert plain == again


def test_those_that_stay_keep_their_order() -> None:
    keys = torch.randn(3, 40, 8, generator=torch.Generator().manual_seed(1))
    kept = match_by_energy(keys, 12, 2).kept
    assert torch.equal(kept, kept.sort(dim=-1).values)
    assert kept.shape == (3, 28)


def test_a_joined_token_is_the_most_similar_of_the_other_half() -> None:
    # Energies fall 2, 3, 4, 5 (positions of one crowd, spread out a little): A is 2 and 4, B is 3 and 5.
    angles = torch.tensor([0.0, 1.5, 0.30, 0.34, 0.20, 0.42, 2.5])
    keys = torch.stack([angles.cos(), angles.sin()], dim=-1).unsqueeze(0)
    order = (energies(cosines(keys[:, 2:]))[0].argsort(descending=True) + 2).tolist()
    matching = match_by_energy(keys, 2, 2)
    a, b = order[0:4:2], order[1:4:2]
    assert matching.moved[0].tolist() == a
    for leaving, place in zip(a, matching.joined[0].tolist(), strict=True):
        assert matching.kept[0, place].item() == min(b, key=lambda other: abs(angles[other] - angles[leaving]))


def test_ties_up_to_rounding_are_settled_by_position() -> None:
    """Equal tokens, whose energies differ in the last digits as another device would have them."""
    keys = torch.ones(1, 10, 4) * torch.linspace(0.1, 3, 10)[None, :, None]
    assert match_by_energy(keys, 3, 2).moved.tolist() == [[2, 4, 6]]
