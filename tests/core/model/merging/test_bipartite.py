"""Token merging keeps the papers' promises, whoever matches: sizes add up, protected tokens stay, un-merge finds
everyone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.merging.bipartite import follow, match_tokens, merge_tokens, unmerge_tokens
from core.model.merging.schedule import Matcher, most_removable, tokens_after_layers
from core.model.networks.spectrogram_transformer import MATCHERS

counts = st.integers(3, 60)
matchers = st.sampled_from(sorted(MATCHERS))
each_matcher = pytest.mark.parametrize("matcher", sorted(MATCHERS))


@settings(max_examples=60, deadline=None)
@given(matchers, counts, st.integers(0, 70), st.integers(0, 2), st.integers(0, 2**31))
def test_sizes_add_up_and_protected_tokens_stay(
    matcher: Matcher, n_tokens: int, r: int, n_protected: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, n_tokens, 5, generator=generator)
    matching = MATCHERS[matcher](torch.randn(2, n_tokens, 4, generator=generator), r, n_protected)
    merged, size = merge_tokens(x, torch.ones(2, n_tokens), matching)
    n_left = n_tokens - min(r, most_removable(n_tokens, n_protected))
    assert merged.shape == (2, n_left, 5)
    assert torch.equal(size.sum(dim=1), torch.full((2,), float(n_tokens)))
    assert torch.equal(merged[:, :n_protected], x[:, :n_protected])
    assert torch.equal(size[:, :n_protected], torch.ones(2, n_protected))


@settings(max_examples=40, deadline=None)
@given(matchers, st.lists(st.integers(0, 20), min_size=1, max_size=4), st.integers(8, 60), st.integers(0, 2**31))
def test_unmerge_gives_every_token_the_mean_of_its_group(
    matcher: Matcher, rs: list[int], n_tokens: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    original = torch.randn(2, n_tokens, 5, generator=generator)
    x, size = original, torch.ones(2, n_tokens)
    places = torch.arange(n_tokens).expand(2, -1)
    for r in rs:
        matching = MATCHERS[matcher](torch.randn(2, x.shape[1], 4, generator=generator), r, 2)
        x, size = merge_tokens(x, size, matching)
        places = follow(places, matching)
    spread = unmerge_tokens(x, places)
    for b in range(2):
        for token in range(n_tokens):
            group = original[b, places[b] == places[b, token]]
            torch.testing.assert_close(spread[b, token], group.mean(dim=0), rtol=1e-4, atol=1e-5)
            assert size[b, places[b, token]] == len(group)


@each_matcher
def test_unmerge_keeps_both_protected_tokens_in_place(matcher: Matcher) -> None:
    x = torch.arange(14.0).reshape(1, 14, 1)
    matching = MATCHERS[matcher](torch.randn(1, 14, 8, generator=torch.Generator().manual_seed(0)), 4, 2)
    merged, _ = merge_tokens(x, torch.ones(1, 14), matching)
    assert unmerge_tokens(merged, matching.places)[0, :2, 0].tolist() == [0.0, 1.0]


def test_the_most_similar_pair_merges_first() -> None:
    keys = torch.eye(8).unsqueeze(0)
    keys[0, 4] = keys[0, 7] * 3 + 0.01  # cosine, not length: tokens 4 (A) and 7 (B) belong together
    matching = match_tokens(keys, 1, 2)
    assert matching.moved.tolist() == [[4]]
    assert matching.kept[0, matching.joined[0, 0]].item() == 7
    assert matching.kept.tolist() == [[0, 1, 2, 6, 3, 5, 7]]  # protected, unmerged A, B


@each_matcher
@pytest.mark.parametrize(("n_tokens", "n_left"), [(13, 8), (14, 8), (15, 9), (4, 3), (3, 3), (2, 2)])
def test_r_is_capped(n_tokens: int, n_left: int, matcher: Matcher) -> None:
    matching = MATCHERS[matcher](torch.randn(1, n_tokens, 4), 1000, 2)
    assert matching.kept.shape[1] == n_left
    assert tokens_after_layers(n_tokens, [1000], 2) == (n_left,)


@each_matcher
def test_ties_are_settled_by_position(matcher: Matcher) -> None:
    matching = MATCHERS[matcher](torch.ones(1, 10, 4), 3, 2)
    assert matching.moved.tolist() == [[2, 4, 6]]
    assert matching.kept[0, matching.joined[0]].tolist() == [3, 3, 3]


@each_matcher
def test_zero_keys_make_no_nan(matcher: Matcher) -> None:
    matching = MATCHERS[matcher](torch.zeros(1, 10, 4), 3, 2)
    merged, size = merge_tokens(torch.ones(1, 10, 2), torch.ones(1, 10), matching)
    assert torch.isfinite(merged).all()
    assert size.sum() == 10


@each_matcher
def test_half_precision_keeps_its_type_and_counts_exactly(matcher: Matcher) -> None:
    x = torch.randn(1, 40, 8).bfloat16()
    matching = MATCHERS[matcher](x, 10, 2)
    merged, size = merge_tokens(x, torch.ones(1, 40), matching)
    assert merged.dtype == torch.bfloat16
    assert size.sum() == 40


@each_matcher
def test_autocast_matches_the_same_pairs(matcher: Matcher) -> None:
    # Keys with a strong common part: their cosines differ in digits that bf16 does not have.
    keys = torch.randn(1, 200, 16, generator=torch.Generator().manual_seed(0)) + 10
    plain = MATCHERS[matcher](keys, 40, 2)
    with torch.autocast("cpu", torch.bfloat16):
        cast = MATCHERS[matcher](keys, 40, 2)
    assert torch.equal(plain.moved, cast.moved)
    assert torch.equal(plain.joined, cast.joined)
