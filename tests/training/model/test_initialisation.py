"""What a model starts from arrives where it should, and what does not fit is told. No test needs the network."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import find_variant
from training.model.initialisation import initialise, new_module_names, read_initial_checkpoint

pytestmark = pytest.mark.slow

DISTILLED, PLAIN_384 = "deit_tiny_distilled_patch16_224", "vit_tiny_patch16_384"
LABELS = LabelSet.from_ids(["cat", "dog", "rain"])


def fresh(variant: str = "ast-tiny", labels: LabelSet = LABELS) -> AudioSpectrogramTransformer:
    return AudioSpectrogramTransformer(shape_of(variant, n_labels=len(labels))).eval()


def shape_of(variant: str, **changes: int) -> TransformerConfig:
    shape = find_variant(variant).model
    assert isinstance(shape, TransformerConfig)
    return replace(shape, **changes)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """An AST-tiny 16/16 that knows a dog, rain and the sea."""
    torch.manual_seed(1)
    labels = LabelSet.from_ids(["sea", "dog", "rain"])
    model = fresh("ast-tiny-16", labels)
    config = CheckpointConfig("Shore", "ast-tiny-16", model.config, LogMelConfig(), labels, (0.5,) * 3)
    save_checkpoint(Checkpoint(config, model.state_dict()), tmp_path / "shore", dtype=torch.float32)
    return tmp_path / "shore"


def test_without_init_the_weights_stay_and_nothing_is_newer_than_the_rest() -> None:
    model = fresh()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert initialise(model, "", LABELS) == "random weights"
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert new_module_names(model, "", LABELS) == ()


def test_a_checkpoint_of_the_same_labels_keeps_its_head(checkpoint: Path) -> None:
    start = load_checkpoint(checkpoint)
    model = fresh("ast-tiny-16")
    words = initialise(model, str(checkpoint), start.config.labels)
    assert all(torch.equal(tensor, start.weights[name]) for name, tensor in model.state_dict().items())
    assert words == "weights of Shore, its last layer too"
    assert new_module_names(model, str(checkpoint), start.config.labels) == ()


def test_labels_that_both_have_keep_their_rows_of_the_head(checkpoint: Path) -> None:
    start = load_checkpoint(checkpoint)
    model = fresh("ast-tiny-16")
    before = model.state_dict()["mlp_head.1.weight"].clone()
    words = initialise(model, str(checkpoint), LABELS)  # cat, dog, rain; it knows sea, dog, rain
    head = model.state_dict()["mlp_head.1.weight"]
    assert torch.equal(head[1:], start.weights["mlp_head.1.weight"][1:])
    assert torch.equal(head[0], before[0])
    assert words == "weights of Shore, its last layer for 2 of 3 labels"
    assert set(new_module_names(model, str(checkpoint), LABELS)) == {"mlp_head.1.weight", "mlp_head.1.bias"}


def test_other_labels_get_a_new_head_on_the_same_body(checkpoint: Path) -> None:
    start = load_checkpoint(checkpoint)
    labels = LabelSet.from_ids(["one", "two"])
    model = fresh("ast-tiny-16", labels)
    assert initialise(model, str(checkpoint), labels) == "weights of Shore, without its last layer"
    for name, tensor in model.state_dict().items():
        assert name.startswith("mlp_head.1.") or torch.equal(tensor, start.weights[name])


def test_another_architecture_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UserError, match="another architecture"):
        initialise(fresh("ast-tiny-stem"), str(checkpoint), LABELS)


def test_the_starter_starts_a_model_of_any_labels() -> None:
    start = read_initial_checkpoint("starter")
    assert start is not None
    torch.manual_seed(3)
    model, whole = build_network(replace(start.config.model, n_labels=len(LABELS))).eval(), start.build()
    assert isinstance(model, AudioSpectrogramTransformer)
    assert isinstance(whole, AudioSpectrogramTransformer)
    assert initialise(model, "starter", LABELS).startswith(f"weights of {start.config.name}, ")
    log_mel = torch.randn(1, 100, 128)
    with torch.no_grad():
        torch.testing.assert_close(model.tokens(log_mel).x, whole.tokens(log_mel).x)
        assert math.isfinite(model(log_mel).sum().item())


def test_weights_that_a_recipe_needs_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="init=CHECKPOINT"):
        read_initial_checkpoint("required")
    with pytest.raises(UserError, match="There is no model"):
        read_initial_checkpoint(str(tmp_path / "nothing"))
    assert read_initial_checkpoint(f"timm:{DISTILLED}") is None


@pytest.mark.parametrize("ids", [("rain", "dog", "sea"), ("rain", "sea")])
def test_a_last_layer_whose_labels_were_all_known_is_not_new(checkpoint: Path, ids: tuple[str, ...]) -> None:
    labels = LabelSet.from_ids(ids)
    model = fresh("ast-tiny-16", labels)
    assert initialise(model, str(checkpoint), labels) == "weights of Shore, its last layer too"
    assert new_module_names(model, str(checkpoint), labels) == ()
