"""Whoever matches, merging in the model keeps its promises: r = 0 is nothing, and equal tokens lose nothing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.architecture import TransformerConfig
from core.model.merging.schedule import Matcher, MergeSchedule
from core.model.networks.attention import SizedAttention
from core.model.networks.spectrogram_transformer import MATCHERS, AudioSpectrogramTransformer
from fakes import tiny_tagger

each_matcher = pytest.mark.parametrize("matcher", sorted(MATCHERS))


def model(**changes: object) -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    values: dict = {"n_labels": 7, "embed_dim": 48, "depth": 3, "num_heads": 3, "max_frames": 256, **changes}
    return AudioSpectrogramTransformer(TransformerConfig(**{"stride_frames": 16, "stride_mels": 16, **values})).eval()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(("class_tokens", "class", "mean")),
    st.sampled_from((("patch", 16, 16), ("patch", 10, 12), ("convolution", 16, 16), ("residual", 32, 16))),
    st.sampled_from(sorted(MATCHERS)),
    st.integers(20, 300),
    st.integers(1, 3),
)
def test_r_zero_changes_nothing_to_the_bit(
    pooling: str, cut: tuple[str, int, int], matcher: Matcher, n_frames: int, n_clips: int
) -> None:
    nothing = (
        MergeSchedule(matcher=matcher),
        MergeSchedule("decreasing", 0, matcher=matcher),
        MergeSchedule("listed", listed=(0, 0, 0), matcher=matcher),
        MergeSchedule("constant", 1, reference_patches=10_000, matcher=matcher),  # far fewer patches: rounds to 0
    )
    stem, stride_mels, stride_frames = cut
    network = model(pooling=pooling, stem=stem, stride_mels=stride_mels, stride_frames=stride_frames)
    log_mel = torch.randn(n_clips, n_frames, 128)
    with torch.inference_mode():
        plain = network(log_mel)
        assert all(torch.equal(plain, network(log_mel, merge=schedule)) for schedule in nothing)


@each_matcher
def test_merging_equal_tokens_changes_nothing_but_their_count(matcher: Matcher) -> None:
    """A sound that repeats itself, without positions: each row of patches is one crowd of equal tokens."""
    network = model(pooling="mean")
    with torch.no_grad():
        network.pos_embed.zero_()
    log_mel = torch.randn(1, 16, 128).repeat(1, 8, 1)
    with torch.inference_mode():
        plain = network(log_mel)
        for listed in ((24,), (32, 16), (8, 8, 8)):
            schedule = MergeSchedule("listed", listed=listed, matcher=matcher)
            merged = network.tokens(log_mel, merge=schedule)
            assert merged.x.shape[1] == 66 - sum(listed)
            torch.testing.assert_close(plain, network(log_mel, merge=schedule), atol=1e-5, rtol=1e-4)


@each_matcher
def test_the_two_class_tokens_stay_in_front(matcher: Matcher) -> None:
    network = model()
    with torch.inference_mode():
        tokens = network.tokens(torch.randn(2, 256, 128), merge=MergeSchedule("constant", 30, matcher=matcher))
    assert tokens.size is not None
    assert tokens.places is not None
    assert torch.equal(tokens.size[:, :2], torch.ones(2, 2))
    assert tokens.places[:, :2].tolist() == [[0, 1]] * 2
    assert torch.equal(tokens.size.sum(dim=1), torch.full((2,), 130.0))


@each_matcher
def test_a_clip_merges_alike_alone_and_in_a_batch(matcher: Matcher) -> None:
    network, log_mel = model(), torch.randn(3, 256, 128)
    schedule = MergeSchedule("decreasing", 12, matcher=matcher)
    with torch.inference_mode():
        together = network(log_mel, merge=schedule)
        alone = torch.cat([network(clip.unsqueeze(0), merge=schedule) for clip in log_mel])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_matchers_differ() -> None:
    network, log_mel = model(), torch.randn(1, 256, 128)
    with torch.inference_mode():
        by_pair, by_energy = (
            network(log_mel, merge=MergeSchedule("constant", 20, matcher=matcher)) for matcher in MATCHERS
        )
    assert not torch.allclose(by_pair, by_energy)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=12), st.integers(0, 2**31))
def test_attention_counts_a_token_of_size_s_like_s_tokens(sizes: list[int], seed: int) -> None:
    """ToMe, eq. 1."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(0)
    attention = SizedAttention(24, num_heads=3, qkv_bias=True).eval()
    x, size = torch.randn(1, len(sizes), 24, generator=generator), torch.tensor(sizes)
    with torch.inference_mode():
        weighted, _ = attention.attend(x, size.float().unsqueeze(0))
        repeated, _ = attention.attend(x.repeat_interleave(size, dim=1), None)
    torch.testing.assert_close(weighted, repeated[:, size.cumsum(0) - size], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("word", ["16", "decreasing:20", "energy:16", "energy-decreasing:20", "8,4", "energy:300,300"])
@pytest.mark.parametrize("n_frames", [7, 100, 498, 1024])
def test_a_tagger_counts_the_tokens_that_there_are(word: str, n_frames: int) -> None:
    tagger = tiny_tagger(merge=word)
    frames = torch.randn(n_frames, 128).numpy()
    seen: list[int] = []
    network = tagger._network.get().exact
    assert isinstance(network, AudioSpectrogramTransformer)
    hooks = [block.register_forward_hook(lambda _, given, left: seen.extend([_n(given[0]), _n(left)]))
             for block in network.blocks]  # fmt: skip
    scores = tagger.tag(frames)
    for hook in hooks:
        hook.remove()
    assert (scores.tokens_in, scores.tokens_out) == (seen[0], seen[-1])


def _n(tokens: object) -> int:
    return tokens.x.shape[1]  # type: ignore[attr-defined]
