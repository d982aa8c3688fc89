"""ImageNet weights are adapted as released, unless a recipe asks for the paper's text or an ablation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from training.model import initialisation
from training.model.initialisation import Adaptation, initialise, new_module_names

LABELS = LabelSet.from_ids(["dog", "rain", "sea"])
NARROW = TransformerConfig(n_labels=3, embed_dim=12, depth=1, num_heads=2)


def vision_weights(n_prefix: int, side: int) -> dict[str, Tensor]:
    """Of a narrow ViT with a square of `side` patches: positions tell their own place, kernels their colour."""
    model = AudioSpectrogramTransformer(NARROW)
    weights = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("mlp_head.")}
    places = [*(-1.0 - i for i in range(n_prefix)), *map(float, range(side * side))]
    weights["pos_embed"] = torch.tensor(places)[None, :, None].repeat(1, 1, 12)
    weights["patch_embed.proj.weight"] = torch.tensor([1.0, 2.0, 6.0])[None, :, None, None].repeat(12, 1, 16, 16)
    if n_prefix == 1:
        del weights["dist_token"]
    return weights


@pytest.fixture
def vision(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timm:distilled-384` and the like are narrow stand-ins, checked elsewhere to be what timm makes."""
    sizes = {"384": 24, "224": 14}

    def load(name: str, _file: Path | None, _ours: TransformerConfig) -> dict[str, Tensor]:
        kind, _, size = name.partition("-")
        return vision_weights(2 if kind == "distilled" else 1, sizes[size])

    monkeypatch.setattr(initialisation, "load_vision_weights", load)


def taken(
    name: str, adaptation: Adaptation = initialisation.AS_RELEASED, **changes: str
) -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    model = AudioSpectrogramTransformer(replace(NARROW, **changes))
    initialise(model, f"timm:{name}", LABELS, None, adaptation)
    return model


@pytest.mark.usefixtures("vision")
@pytest.mark.parametrize("kind", ["distilled", "plain"])
@pytest.mark.parametrize(
    ("size", "first_row", "last"),
    [
        ("384", [144.0, 144.0, 144.0941, 144.3317], 431.0),
        # Rows 1 to 12 of 14; columns stretched by 101 / 14: (j + 1/2) 14 / 101 - 1/2 from the left.
        ("224", [14.0, 14.0, 14.0, 14.0, 14.1238, 14.2624], 181.0),
    ],
)
def test_squares_of_both_sizes_are_cut_and_stretched(kind: str, size: str, first_row: list[float], last: float) -> None:
    model = taken(f"{kind}-{size}")
    grid = model.pos_embed[0, N_PREFIX_TOKENS:, 0].reshape(12, 101)
    assert grid[0, : len(first_row)].tolist() == pytest.approx(first_row, abs=1e-3)
    assert grid[-1, -1].item() == pytest.approx(last)
    assert model.pos_embed[0, :2, 0].tolist() == [-1.0, -2.0 if kind == "distilled" else -1.0]


@pytest.mark.usefixtures("vision")
def test_kernels_are_summed_as_released_or_averaged_as_the_text_has_it() -> None:
    assert (taken("plain-224").patch_embed.proj.weight == 9.0).all()
    assert (taken("plain-224", Adaptation(kernel_collapse="average")).patch_embed.proj.weight == 3.0).all()


@pytest.mark.usefixtures("vision")
def test_positions_may_repeat_the_nearest_or_begin_anew() -> None:
    nearest = taken("distilled-384", positions="nearest").pos_embed[0, N_PREFIX_TOKENS:, 0].reshape(12, 101)
    assert nearest[0, :6].tolist() == [144.0] * 5 + [145.0]
    torch.manual_seed(0)
    untouched = AudioSpectrogramTransformer(NARROW).pos_embed
    random = Adaptation(new_positions=True)
    model = taken("distilled-384", random)
    assert torch.equal(model.pos_embed, untouched)
    assert (model.patch_embed.proj.weight == 9.0).all()
    new = new_module_names(model, "timm:distilled-384", LABELS, None, random)
    assert "pos_embed" in new
    assert "pos_embed" not in new_module_names(model, "timm:distilled-384", LABELS)
