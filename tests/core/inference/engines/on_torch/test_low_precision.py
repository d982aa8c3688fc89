"""Sixteen bits: in the linear layers of the blocks, and nowhere else."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.inference.engines.on_torch.low_precision import DTYPES, has_low_precision, in_low_precision
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import MODEL_VARIANTS
from fakes import telling_checkpoint


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("merge", [NO_MERGING, MergeSchedule(r=8)])
def test_answers_are_close_and_are_still_fp32(precision: str, merge: MergeSchedule) -> None:
    network = telling_checkpoint().build()
    low = in_low_precision(network, precision)  # pyright: ignore[reportArgumentType]
    windows = torch.randn(2, 96, 128, generator=torch.Generator().manual_seed(0)) * 0.5
    with torch.inference_mode():
        exact, answer = network(windows, merge=merge), low(windows, merge=merge)
    assert answer.dtype == torch.float32
    difference = float((answer.sigmoid() - exact.sigmoid()).abs().max())
    assert 0 < difference < 0.02


def test_all_other_weights_are_shared() -> None:
    network = telling_checkpoint().build()
    low = in_low_precision(network, "bf16")
    assert isinstance(low, AudioSpectrogramTransformer)
    own = dict(network.named_parameters())
    for name, parameter in low.named_parameters():
        is_linear = name.startswith("blocks.") and "norm" not in name
        assert parameter.dtype == (torch.bfloat16 if is_linear else torch.float32), name
        assert (parameter is own[name]) != is_linear, name
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_a_cnn_has_no_blocks() -> None:
    cnn = next(one for one in MODEL_VARIANTS.values() if one.model.n_patches(one.model.max_frames) == 0)
    assert not has_low_precision(build_network(cnn.model))
    assert not has_low_precision(nn.Linear(2, 2))
    assert has_low_precision(telling_checkpoint().build())
