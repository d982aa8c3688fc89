"""A CNN is called as the transformer is, hears any length, and is stored and used like any other model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import UserError
from core.inference.tagger import Tagger, load_tagger
from core.labels import LabelSet
from core.model.architecture import ConvolutionConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import build_network, last_layer
from core.model.networks.convolutional import ConvolutionalTagger, feature_width
from core.model.networks.patchout import Shares
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.variants import MODEL_VARIANTS
from fakes import LABELS, tiny_checkpoint

SMALL = ConvolutionConfig(len(LABELS), backbone="test_resnet")


def small(**changes: Any) -> ConvolutionalTagger:
    torch.manual_seed(0)
    return ConvolutionalTagger(dataclasses.replace(SMALL, **changes)).eval()


def stored(tmp_path: Path, **changes: Any) -> Path:
    network = small()
    config = dataclasses.replace(tiny_checkpoint().config, model=network.config, variant="small-cnn", **changes)
    save_checkpoint(Checkpoint(config, network.state_dict()), tmp_path / "cnn", dtype=torch.float32)
    return tmp_path / "cnn"


@pytest.mark.parametrize("backbone", ["test_resnet", "test_efficientnet"])
@pytest.mark.parametrize("n_frames", [1, 31, 98, 498, 1024])
def test_any_length_gives_logits(backbone: str, n_frames: int) -> None:
    with torch.no_grad():
        logits = small(backbone=backbone)(torch.randn(2, n_frames, 128))
    assert logits.shape == (2, len(LABELS))
    assert torch.isfinite(logits).all()


def test_the_head_reads_the_mean_over_frequency_and_time() -> None:
    model, log_mel = small(), torch.randn(2, 200, 128)
    with torch.no_grad():
        features = model.backbone(log_mel.transpose(1, 2)[:, None])  # mel bins are rows
        rows, columns = features.shape[2:]
        assert (rows, columns) == (4, 7)  # a 32nd of each, rounded up
        by_hand = features.sum(dim=(2, 3)) / (rows * columns)
        torch.testing.assert_close(model.embed(log_mel), by_hand)
        torch.testing.assert_close(model(log_mel), by_hand @ last_layer(model).weight.T + last_layer(model).bias)


def test_under_a_window_of_levels_a_gain_changes_nothing() -> None:
    log_mel = torch.randn(1, 98, 128)
    with torch.no_grad():
        level, absolute = small(level="window"), small()
        torch.testing.assert_close(level(log_mel + 3), level(log_mel), atol=1e-4, rtol=1e-4)
        assert not torch.allclose(absolute(log_mel + 3), absolute(log_mel), atol=1e-2)


def test_neighbouring_frames_become_their_mean() -> None:
    pairs, left_over = torch.randn(1, 40, 128), torch.randn(1, 1, 128)
    log_mel = torch.cat([torch.stack([pairs - 1, pairs + 1], dim=2).flatten(1, 2), left_over], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(small(averaged_frames=2)(log_mel), small()(torch.cat([pairs, left_over], dim=1)))


def test_it_has_neither_tokens_nor_positions() -> None:
    model, log_mel, merge = small(), torch.randn(1, 98, 128), MergeSchedule("constant", 8)
    assert torch.equal(model(log_mel, merge=merge, first_column=5), model(log_mel))
    assert model.tokens_per_layer(1024, merge) == (0, 0)
    assert (SMALL.grid(1024), SMALL.n_patches(1024)) == ((0, 0), 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "says"),
    [
        ("no_such_network", "timm has no model"),
        ("resnet18.no_such_training", "does not accept"),
        ("vit_tiny_patch16_224", "does not accept"),
        ("xcit_nano_12_p16_224", "xcit_nano_12_p16_224 is not a plain CNN"),
    ],
)
def test_what_is_no_plain_cnn_is_refused(backbone: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        feature_width(backbone)
    assert "resnet18" in caught.value.remedy


def test_stochastic_depth_is_the_backbones_own() -> None:
    torch.manual_seed(0)
    model = ConvolutionalTagger(SMALL, drop_path=0.5).train()
    assert any(getattr(module, "drop_prob", 0) for module in model.modules())
    with pytest.raises(UserError, match="no stochastic depth"):
        ConvolutionalTagger(ConvolutionConfig(2, backbone="vgg11"), drop_path=0.1)


@pytest.mark.parametrize("changes", [{"n_labels": 0}, {"max_frames": 0}, {"level": "loud"}, {"averaged_frames": 0}])
def test_impossible_architectures_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        dataclasses.replace(SMALL, **changes)


def test_each_kind_of_config_builds_its_network() -> None:
    assert isinstance(build_network(SMALL), ConvolutionalTagger)
    tiny = TransformerConfig(3, embed_dim=24, depth=1, num_heads=2, stride_frames=16, stride_mels=16)
    network = build_network(tiny, drop_path=0.1, patchout=Shares(0.2))
    assert isinstance(network, AudioSpectrogramTransformer)
    assert network.patchout.shares.patches == 0.2
    assert last_layer(network).in_features == 24


def test_a_checkpoint_gives_the_same_model_back(tmp_path: Path) -> None:
    log_mel = torch.randn(1, 150, 128)
    loaded = load_checkpoint(stored(tmp_path))
    assert loaded.config.model == SMALL
    with torch.no_grad():
        assert torch.equal(loaded.build()(log_mel), small()(log_mel))


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("test_resnet", "test_efficientnet"))
    with pytest.raises(UserError, match=r"[1-9]\d* missing"):
        load_checkpoint(folder)


def test_the_tagger_uses_it_and_says_that_there_are_no_tokens(tmp_path: Path) -> None:
    folder = str(stored(tmp_path))
    frames = np.random.default_rng(0).normal(-6, 4, (300, 128)).astype(np.float32)
    scores = load_tagger(folder, device="cpu").tag(frames)
    assert scores.probabilities.shape == (len(LABELS),)
    assert (scores.tokens_in, scores.tokens_out) == (0, 0)
    assert load_tagger(folder, device="cpu", merge="off").merge == NO_MERGING
    with pytest.raises(UserError, match="no tokens to merge"):
        load_tagger(folder, device="cpu", merge="16")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "millions"), [("resnet18", 11), ("efficientnet-b0", 4), ("efficientnet-b2", 8)])
def test_the_variants_are_as_large_as_they_say(name: str, millions: int) -> None:
    row = MODEL_VARIANTS[f"cnn-{name}"]
    with torch.device("meta"):
        model = build_network(row.with_labels(50))
    assert round(sum(parameter.numel() for parameter in model.parameters()) / 1e6) == millions
    assert row.summary.startswith(f"{millions} million")


def test_any_backbone_of_the_table_can_be_tagged_with() -> None:
    config = dataclasses.replace(
        tiny_checkpoint().config,
        model=dataclasses.replace(SMALL, backbone="test_efficientnet", level="window"),
        labels=LabelSet.from_ids(LABELS),
    )
    tagger = Tagger(Checkpoint(config, build_network(config.model).state_dict()), device="cpu")
    assert np.isfinite(tagger.tag(np.zeros((1, 128), np.float32)).probabilities).all()
