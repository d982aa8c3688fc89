"""Random numbers depend on the seed and the place in the run alone."""

from __future__ import annotations

import torch

from training.batches.seeding import generator_for, seed_of


def test_the_same_place_draws_the_same_numbers() -> None:
    first, second = (torch.rand(8, generator=generator_for(3, "step", 7)) for _ in range(2))
    assert torch.equal(first, second)


def test_seeds_do_not_depend_on_the_process() -> None:
    assert seed_of(0, "weights") == 8_730_110_008_906_084_551


def test_near_places_share_nothing() -> None:
    places = [
        (seed, *place) for seed in (0, 1) for place in ((), (1,), (1, 2), (12,), ("1",), ("step", 1), ("column", 1))
    ]
    seeds = [seed_of(*place) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    draws = torch.stack([torch.rand(1000, generator=generator_for(5, place)) for place in range(20)])
    correlation = torch.corrcoef(draws) - torch.eye(20)
    assert correlation.abs().max() < 0.15
