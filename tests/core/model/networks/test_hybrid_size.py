"""HAM-AST's blocks have the parameters and multiply-adds of the published sizes. Nothing is computed: shapes alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core.errors import UserError
from core.model.architecture import HybridConfig, TransformerConfig
from core.model.networks.build import build_network
from core.model.networks.hybrid_attention import HybridAttention, PatchGrid
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import MODEL_VARIANTS

pytestmark = pytest.mark.slow

BASE = TransformerConfig(n_labels=527)


def on_paper(hybrid: HybridConfig) -> HybridAttention:
    with torch.device("meta"):
        return HybridAttention(replace(BASE, hybrid=hybrid), 2)


def millions(module: nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def test_parameters_are_as_many_as_the_papers_blocks_have() -> None:
    six = on_paper(HybridConfig(6, kernel=31))
    assert millions(six.conformers[0]) == pytest.approx(13.6, abs=0.05)
    assert millions(six) == pytest.approx(81.7, abs=0.05)
    assert sum(parameter.numel() for parameter in on_paper(HybridConfig(6)).parameters()) == 6 * 13_600_512
    narrow = on_paper(HybridConfig(6, width=256))
    assert millions(narrow.conformers[0]) == pytest.approx(1.5, abs=0.05)
    assert millions(narrow.conformers) == pytest.approx(9.1, abs=0.05)
    assert millions(narrow) - millions(narrow.conformers) == pytest.approx(2 * 768 * 256 / 1e6, rel=0.01)
    with torch.device("meta"):
        whole = build_network(MODEL_VARIANTS["ham-ast-base"].model)
    assert millions(whole) == pytest.approx(86.594 + 6 * 13.6005 + 0.5922, abs=1e-3)


@pytest.mark.parametrize(("columns", "giga"), [(101, 112.6), (12, 12.1)])
def test_multiply_adds_of_six_blocks_at_the_published_lengths(columns: int, giga: float) -> None:
    six, x = on_paper(HybridConfig(6, kernel=31)), torch.empty(1, 2 + 12 * columns, 768, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        six.eval()(x, PatchGrid(12, columns))
    assert counter.get_total_flops() / 2e9 == pytest.approx(giga, abs=0.05)


def test_a_width_that_heads_cannot_share_is_refused() -> None:
    with pytest.raises(UserError, match=r"100 channels.*multiple of 64"):
        on_paper(HybridConfig(1, width=100))


def test_every_variant_of_it_answers() -> None:
    rows = [row for row in MODEL_VARIANTS.values() if isinstance(row.model, TransformerConfig) and row.model.hybrid]
    assert {row.name for row in rows} >= {"ham-ast-base", "ham-tiny-cam", "ham-tiny-3", "ham-tiny-6"}
    for row in rows:
        assert isinstance(row.model, TransformerConfig)
        with torch.device("meta"), torch.no_grad():
            logits = AudioSpectrogramTransformer(row.model)(torch.empty(1, 98, 128))
        assert logits.shape == (1, 527)
