"""Columns of patches tell of their own moment, in the order of time, merged or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.merging.schedule import MergeSchedule
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s

SMALL = TransformerConfig(n_labels=3, embed_dim=48, depth=2, num_heads=3, max_frames=256, frame_head=True)


def small_model(**changes: object) -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    return AudioSpectrogramTransformer(replace(SMALL, **changes)).eval()


def test_a_column_is_where_its_patch_hears() -> None:
    assert column_times_s(SMALL, 1024)[:3].tolist() == pytest.approx([0.0875, 0.1875, 0.2875])
    narrow = replace(SMALL, patch_mels=128, patch_frames=2, stride_mels=128, stride_frames=2)
    assert column_times_s(narrow, 1024)[:2].tolist() == pytest.approx([0.0175, 0.0375])
    stem = replace(SMALL, stem="convolution", stride_mels=16, stride_frames=16)
    assert column_times_s(stem, 1024)[:2].tolist() == pytest.approx([0.0125, 0.1725])


@pytest.mark.parametrize("strides", [(10, 10), (16, 16), (16, 4), (12, 7)])
def test_a_patch_hears_the_samples_about_its_time_and_no_others(strides: tuple[int, int]) -> None:
    """By the samples that reach a column through frames and patch, counted out."""
    config, front_end = replace(SMALL, stride_mels=strides[0], stride_frames=strides[1]), LogMelConfig()
    for column, time_s in enumerate(column_times_s(config, 200)):
        first = column * config.stride_frames * front_end.hop_length
        last = first + (config.patch_frames - 1) * front_end.hop_length + front_end.frame_length
        assert time_s == pytest.approx((first + last) / 2 / front_end.sample_rate)


@pytest.mark.parametrize("stem", ["convolution", "residual"])
def test_a_stem_hears_most_about_the_time_of_its_column(stem: str) -> None:
    """The gradient of a column of the stem with respect to the frames, by its centre of gravity."""
    model = small_model(stem=stem, stride_mels=32 if stem == "residual" else 16, stride_frames=16)
    image = torch.randn(1, 1, 128, 256, requires_grad=True)
    column = 8
    model.patch_embed(image)[0, :, :, column].pow(2).sum().backward()
    assert image.grad is not None
    weight = image.grad[0, 0].abs().sum(dim=0).double()
    centre_frame = float((weight * torch.arange(256)).sum() / weight.sum())
    assert centre_frame / 100 + 0.0125 == pytest.approx(column_times_s(model.config, 256)[column], abs=0.08)


@pytest.mark.parametrize("n_frames", [5, 16, 98, 256, 1000])
@pytest.mark.parametrize("r", [0, 6])
def test_one_pass_gives_the_clips_logits_and_those_of_each_column(n_frames: int, r: int) -> None:
    model, log_mel = small_model(), torch.randn(2, n_frames, 128)
    merge = MergeSchedule("constant", r)
    with torch.inference_mode():
        clips, columns = model.clip_and_frame_logits(log_mel, merge=merge)
        assert torch.equal(clips, model(log_mel, merge=merge))
        assert torch.equal(columns, model.frame_logits(log_mel, merge=merge))
    assert columns.shape == (2, len(column_times_s(SMALL, n_frames)), 3)


def test_columns_are_means_over_the_rows_in_the_order_of_time() -> None:
    """Tokens are frequency-major, time fastest: token n is row n // columns, column n % columns."""
    model, log_mel = small_model(), torch.randn(1, 256, 128)
    assert model.frame_head is not None
    rows, columns = SMALL.grid(256)
    with torch.inference_mode():
        patches = model.tokens(log_mel).x[0, N_PREFIX_TOKENS:]
        for column in (0, 7, columns - 1):
            mean = torch.stack([patches[row * columns + column] for row in range(rows)]).mean(dim=0)
            own = torch.nn.Sequential(*model.frame_head.children())(mean)
            torch.testing.assert_close(model.frame_logits(log_mel)[0, column], own, atol=1e-5, rtol=1e-4)


def test_equal_tokens_that_merge_change_no_column() -> None:
    """Four patches in a row that are the same: with positions out of the way they merge into what each of them was."""
    model = small_model(stride_mels=16, stride_frames=16)
    with torch.no_grad():
        model.pos_embed.zero_()
    log_mel = torch.randn(1, 16, 128).repeat(1, 8, 1)
    with torch.inference_mode():
        plain = model.frame_logits(log_mel)
        merged = model.frame_logits(log_mel, merge=MergeSchedule("listed", listed=(24,)))
    torch.testing.assert_close(plain, merged, atol=1e-5, rtol=1e-4)


def test_patches_stand_low_bands_first_and_time_fastest() -> None:
    """A sound in one band and moment alone changes the one token that AST's order gives it, before any block."""
    model = small_model(stride_mels=16, stride_frames=16, depth=1)
    rows, columns = model.config.grid(256)
    log_mel = torch.zeros(1, 256, 128)
    changed = log_mel.clone()
    changed[0, 16 * 5 : 16 * 6, 16 * 2 : 16 * 3] = 1.0  # time column 5, frequency row 2
    patches = [model.patch_embed(x.transpose(1, 2).unsqueeze(1)).flatten(2).transpose(1, 2) for x in (log_mel, changed)]
    differs = (patches[0] != patches[1]).any(dim=2)[0].nonzero()[:, 0].tolist()
    assert (rows, columns) == (8, 16)
    assert differs == [2 * columns + 5]


def test_without_a_frame_head_it_says_how_to_get_one() -> None:
    with pytest.raises(UserError, match=r"no frame head.*frame-head"):
        small_model(frame_head=False).frame_logits(torch.randn(1, 100, 128))


def test_the_class_token_alone_may_answer() -> None:
    """The paper's text; the released model averages it with the distillation token."""
    log_mel = torch.randn(2, 256, 128)
    with torch.inference_mode():
        tokens = small_model().tokens(log_mel).x
        assert torch.equal(small_model(pooling="class").embed(log_mel), tokens[:, 0])
        assert torch.equal(small_model().embed(log_mel), (tokens[:, 0] + tokens[:, 1]) / 2)


def test_longer_input_may_repeat_the_nearest_positions() -> None:
    log_mel = torch.randn(1, 600, 128)
    with torch.inference_mode():
        bilinear, nearest = (small_model(positions=kind)(log_mel) for kind in ("bilinear", "nearest"))
        assert not torch.allclose(bilinear, nearest, atol=1e-6)
        short = log_mel[:, :200]
        assert torch.equal(small_model()(short), small_model(positions="nearest")(short))


def test_times_are_seconds() -> None:
    times_s = column_times_s(SMALL, 3072)
    assert times_s.dtype == np.float64
    assert len(times_s) == SMALL.grid(3072)[1] == 306
    assert times_s[-1] < 30.72
