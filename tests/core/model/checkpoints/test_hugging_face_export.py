"""Exported folders load in transformers and give our logits; what AST there cannot do is refused; nothing gets lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import ASTFeatureExtractor, ASTForAudioClassification

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import Label, LabelSet
from core.model.architecture import ConvolutionConfig, HybridConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.checkpoints.hugging_face_export import export_hugging_face, representable
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import build_network
from fakes import tiny_checkpoint


def make_checkpoint(model_changes: dict[str, Any] | None = None, **changes: Any) -> Checkpoint:
    """A tiny checkpoint whose every weight is random, of another architecture where asked for."""
    config = tiny_checkpoint(**changes).config
    assert isinstance(config.model, TransformerConfig)
    config = replace(config, model=replace(config.model, max_frames=128, **(model_changes or {})))
    torch.manual_seed(0)
    network = build_network(config.model)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.2)
    return Checkpoint(config, network.state_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"norm_eps": 1e-3, "head_norm_eps": 1e-1},
        {"norm_eps": 1e-12, "head_norm_eps": 1e-12},
        {"norm_eps": 1e-2, "head_norm_eps": 1e-5},
        {"stride_mels": 10, "stride_frames": 7},
        {"patch_mels": 8, "patch_frames": 8, "stride_mels": 8, "stride_frames": 8},
        {"mlp_ratio": 1.3, "num_heads": 4, "depth": 3},
    ],
)
def test_transformers_give_our_logits(tmp_path: Path, changes: dict[str, Any]) -> None:
    checkpoint = make_checkpoint(changes)
    export_hugging_face(checkpoint, tmp_path)
    theirs = ASTForAudioClassification.from_pretrained(tmp_path).eval()
    log_mel = torch.randn(2, 128, 128)
    with torch.inference_mode():
        expected = checkpoint.build()(log_mel)
        torch.testing.assert_close(theirs(log_mel).logits, expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(load_checkpoint(tmp_path).build()(log_mel), expected, rtol=0, atol=1e-5)


def test_with_one_eps_for_both_the_logits_would_differ() -> None:
    """What the scaled norm is for: the head's eps matters where the pooled token is small."""
    checkpoint = make_checkpoint({"norm_eps": 1e-3, "head_norm_eps": 1e-1})
    assert isinstance(checkpoint.config.model, TransformerConfig)
    model = replace(checkpoint.config.model, head_norm_eps=1e-3)
    other = Checkpoint(replace(checkpoint.config, model=model), checkpoint.weights)
    log_mel = torch.randn(2, 128, 128)
    assert (checkpoint.build()(log_mel) - other.build()(log_mel)).abs().max() > 1e-3


def test_all_that_transformers_have_no_words_for_comes_back(tmp_path: Path) -> None:
    labels = LabelSet((Label(0, "/m/0", "Hiss"), Label(1, "/m/1", "Hiss"), Label(2, "c", "C"), Label(3, "d", "D")))
    checkpoint = make_checkpoint(
        {"positions": "nearest", "norm_eps": 1e-6, "head_norm_eps": 1e-6},
        labels=labels,
        thresholds=(0.1, 0.2, 0.3, 0.4),
        calibration=((1.5, -0.25), (1.0, 0.0), (0.5, 2.0), (1.0, 1.0)),
        merge=MergeSchedule("decreasing", 8, reference_patches=64),
        log_mel=LogMelConfig(mean=-5.0, std=3.0),
        provenance={"data": "Ours", "licence": "CC BY 4.0"},
    )
    export_hugging_face(checkpoint, tmp_path, card="# card")
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == checkpoint.config
    assert all(torch.equal(loaded.weights[name], checkpoint.weights[name]) for name in checkpoint.weights)
    assert (tmp_path / "README.md").read_text() == "# card"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_transformers_read_labels_kind_and_front_end(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(activation="softmax", log_mel=LogMelConfig(mean=-5.0, std=3.0))
    export_hugging_face(checkpoint, tmp_path)
    config = ASTForAudioClassification.from_pretrained(tmp_path).config
    assert config.id2label is not None
    assert config.label2id is not None
    assert list(config.id2label.values()) == ["Dog", "Rain", "Siren", "Clock tick"]
    assert config.label2id["Siren"] == 2
    assert config.problem_type == "single_label_classification"
    extractor = ASTFeatureExtractor.from_pretrained(tmp_path)
    assert (extractor.mean, extractor.std, extractor.max_length) == (-5.0, 3.0, 128)
    assert load_checkpoint(tmp_path).config.activation == "softmax"


def test_it_survives_being_saved_by_transformers(tmp_path: Path) -> None:
    """Somebody loads it there, fine-tunes it or not, and saves it again: our entry is still there."""
    checkpoint = make_checkpoint(thresholds=(0.1, 0.2, 0.3, 0.4))
    export_hugging_face(checkpoint, tmp_path / "ours")
    ASTForAudioClassification.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    ASTFeatureExtractor.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    loaded = load_checkpoint(tmp_path / "theirs")
    assert loaded.config.thresholds == (0.1, 0.2, 0.3, 0.4)
    log_mel = torch.randn(1, 128, 128)
    torch.testing.assert_close(loaded.build()(log_mel), checkpoint.build()(log_mel), rtol=0, atol=1e-5)


def test_what_belongs_to_other_labels_is_left_out(tmp_path: Path) -> None:
    """Somebody gives it another last layer there: thresholds and calibration of ours say nothing of it."""
    export_hugging_face(make_checkpoint(thresholds=(0.1, 0.2, 0.3, 0.4)), tmp_path / "ours")
    words = {0: "bed", 1: "bird"}
    theirs = ASTForAudioClassification.from_pretrained(
        tmp_path / "ours", id2label=words, num_labels=2, ignore_mismatched_sizes=True
    )
    theirs.save_pretrained(tmp_path / "theirs")
    ASTFeatureExtractor.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    config = load_checkpoint(tmp_path / "theirs").config
    assert config.labels.names == ("Bed", "Bird")
    assert config.thresholds == (0.5, 0.5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stem": "convolution"}, "its stem is made of convolution blocks"),
        ({"pooling": "mean"}, "it pools by mean"),
        ({"head_norm": False}, "no norm"),
        ({"level": "window"}, "subtracts each window's level"),
        ({"hybrid": HybridConfig(n_conformers=1)}, "hybrid attention"),
        ({"frame_head": True}, "a frame head"),
        ({"patch_mels": 128, "patch_frames": 2}, "patches are not square"),
        ({"pooling": "mean", "level": "window"}, "it pools by mean.*; it subtracts"),
    ],
)
def test_what_transformers_cannot_express_is_told(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    config = tiny_checkpoint().config
    assert isinstance(config.model, TransformerConfig)
    changed = Checkpoint(replace(config, model=replace(config.model, **changes)), {})
    with pytest.raises(UserError, match=says) as caught:
        export_hugging_face(changed, tmp_path / "out")
    assert caught.value.remedy == "Export it with --layout soundmark."
    assert not (tmp_path / "out").exists()


def test_other_front_ends_and_cnns_are_told() -> None:
    config = tiny_checkpoint().config
    with pytest.raises(UserError, match="hamming window"):
        representable(replace(config, log_mel=LogMelConfig(window="hamming")))
    with pytest.raises(UserError, match="it is a CNN"):
        representable(replace(config, model=ConvolutionConfig(n_labels=4)))
