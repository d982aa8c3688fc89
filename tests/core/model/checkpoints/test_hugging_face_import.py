"""Folders that transformers writes load, and give transformers' own logits; what is no AST is refused in words."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

from core.audio.log_mel import LogMel
from core.errors import UserError
from core.inference.tagger import Tagger
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.known_data_sets import audioset_labels
from core.model.checkpoints.loading import load_checkpoint

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_length": 64,
    "id2label": dict(enumerate(("dog", "Rain, heavy", "car_horn"))),
}


def make_model(**changes: Any) -> ASTForAudioClassification:
    """A small AST of transformers; every weight is random, norms and tokens too."""
    torch.manual_seed(0)
    model = ASTForAudioClassification(ASTConfig(**{**SMALL, **changes})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.2)
    return model


def write_model(folder: Path, extractor: dict[str, Any] | None = None, **changes: Any) -> ASTForAudioClassification:
    """Save a small AST with its front end, as transformers does."""
    model = make_model(**changes)
    model.save_pretrained(folder)
    known = {"max_length": model.config.max_length, "num_mel_bins": model.config.num_mel_bins}
    ASTFeatureExtractor(**{**known, **(extractor or {})}).save_pretrained(folder)
    return model


def change_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    write_model(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "ast"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"frequency_stride": 16, "time_stride": 16, "max_length": 100},
        {"frequency_stride": 12, "time_stride": 7, "max_length": 128},
        {"patch_size": 8, "num_mel_bins": 64, "frequency_stride": 8, "time_stride": 4},
        {"layer_norm_eps": 1e-3},
        {"qkv_bias": False},
        {"num_attention_heads": 8, "num_hidden_layers": 3, "intermediate_size": 37},
        {"hidden_size": 24, "num_attention_heads": 3, "intermediate_size": 100},
    ],
)
def test_logits_are_those_of_transformers(tmp_path: Path, changes: dict) -> None:
    theirs = write_model(tmp_path, **changes)
    log_mel = torch.randn(2, theirs.config.max_length, theirs.config.num_mel_bins)
    with torch.inference_mode():
        expected = theirs(log_mel).logits
        ours = load_checkpoint(tmp_path).build()(log_mel)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("frequency_stride", [16, 10])
@pytest.mark.parametrize("time_stride", [16, 10, 7])
@pytest.mark.parametrize("max_length", [64, 100])
@pytest.mark.parametrize("num_hidden_layers", [1, 3])
@pytest.mark.parametrize("layer_norm_eps", [1e-12, 1e-4])
def test_logits_are_those_of_transformers_on_the_whole_grid_and_back(
    tmp_path: Path,
    frequency_stride: int,
    time_stride: int,
    max_length: int,
    num_hidden_layers: int,
    layer_norm_eps: float,
) -> None:
    theirs = write_model(
        tmp_path / "theirs",
        frequency_stride=frequency_stride,
        time_stride=time_stride,
        max_length=max_length,
        num_hidden_layers=num_hidden_layers,
        layer_norm_eps=layer_norm_eps,
    )
    log_mel = torch.randn(2, theirs.config.max_length, theirs.config.num_mel_bins)
    checkpoint = load_checkpoint(tmp_path / "theirs")
    export_hugging_face(checkpoint, tmp_path / "back")
    back = ASTForAudioClassification.from_pretrained(tmp_path / "back").eval()
    with torch.inference_mode():
        expected = theirs(log_mel).logits
        torch.testing.assert_close(checkpoint.build()(log_mel), expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(back(log_mel).logits, expected, rtol=0, atol=1e-5)


def test_names_of_version_5_load(folder: Path) -> None:
    """Those of its modules; on the disk it still writes version 4's, which the other tests read."""
    theirs = make_model()
    assert "audio_spectrogram_transformer.layers.0.attention.q_proj.weight" in theirs.state_dict()
    assert any(
        ".encoder.layer.0.attention.attention.query." in name for name in load_file(folder / "model.safetensors")
    )
    expected = load_checkpoint(folder).weights
    save_file(dict(theirs.state_dict()), folder / "model.safetensors")
    loaded = load_checkpoint(folder).weights
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_pickled_weights_load(folder: Path) -> None:
    expected = load_checkpoint(folder).weights
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    loaded = load_checkpoint(folder).weights
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


@pytest.mark.parametrize("extractor", [{"mean": -3.0, "std": 2.5}, {"do_normalize": False}, {}])
@pytest.mark.parametrize("seconds", [0.3, 2.0])
def test_from_samples_to_probabilities_it_is_transformers(tmp_path: Path, extractor: dict, seconds: float) -> None:
    """Short sounds are padded, long ones cut, both as their front end does it."""
    theirs = write_model(tmp_path, extractor, problem_type="multi_label_classification")
    samples = np.random.default_rng(0).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)
    prepared = ASTFeatureExtractor.from_pretrained(tmp_path)(samples, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        expected = torch.sigmoid(theirs(prepared["input_values"]).logits)[0]
    tagger = Tagger(load_checkpoint(tmp_path), device="cpu")
    frames = LogMel(tagger.log_mel)(samples)[: tagger.window_frames]
    np.testing.assert_allclose(tagger.tag(frames).probabilities, expected, atol=1e-5)


def test_labels_are_taken_as_they_are_written(folder: Path) -> None:
    labels = load_checkpoint(folder).config.labels
    assert [(label.id, label.name) for label in labels] == [
        ("dog", "Dog"),
        ("Rain, heavy", "Rain, heavy"),
        ("car_horn", "Car horn"),
    ]


def test_audioset_by_its_names_has_its_ids(tmp_path: Path) -> None:
    write_model(tmp_path, id2label=dict(enumerate(audioset_labels().names)))
    config = load_checkpoint(tmp_path).config
    assert config.labels == audioset_labels()
    assert (config.activation, config.thresholds[0], config.pad_to_window) == ("sigmoid", 0.3, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "activation"),
    [
        ({"problem_type": "single_label_classification"}, "softmax"),
        ({"problem_type": "multi_label_classification"}, "sigmoid"),
        ({}, "softmax"),
        ({"id2label": {0: "dog"}}, "sigmoid"),
        ({"id2label": {i: f"LABEL_{i}" for i in range(35)}}, "sigmoid"),
        ({"id2label": {i: f"word {i}" for i in range(35)}}, "softmax"),
        ({"id2label": {i: f"LABEL_{i}" for i in range(50)}}, "softmax"),
    ],
)
def test_activation_is_that_of_the_training(tmp_path: Path, changes: dict, activation: str) -> None:
    write_model(tmp_path, **changes)
    assert load_checkpoint(tmp_path).config.activation == activation


def test_labels_without_names_are_counted(tmp_path: Path) -> None:
    write_model(tmp_path, id2label={i: f"LABEL_{i}" for i in range(3)})
    assert load_checkpoint(tmp_path).config.labels.names == ("Class 0", "Class 1", "Class 2")


def test_weights_of_whole_numbers_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    save_file(
        {name: tensor.int() for name, tensor in weights.items()}, tmp_path / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(UserError, match=r"stored as torch\.int32"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("config.json", {"model_type": "whisper"}, "type whisper"),
        ("config.json", {"model_type": "vit"}, "type vit"),
        ("config.json", {"hidden_act": "relu"}, "use relu"),
        ("config.json", {"patch_size": [16, 8]}, "not square"),
        ("config.json", {"hidden_size": 30}, "has shape"),
        ("config.json", {"hidden_size": "wide"}, "damaged"),
        ("config.json", {"hidden_size": 0}, "damaged"),
        ("config.json", {"hidden_size": math.inf}, "damaged"),
        ("config.json", {"num_attention_heads": 5}, "5 attention heads"),
        ("config.json", {"problem_type": "regression"}, "regression"),
        ("config.json", {"max_length": 128}, "has max_length 64"),
        ("config.json", {"num_hidden_layers": 3}, "weights of 2 layers"),
        ("config.json", {"num_hidden_layers": 100_000}, "depth is 100000"),
        ("config.json", {"layer_norm_eps": -1}, "eps lies between"),
        ("config.json", {"id2label": {"0": "cat", "1": "dog", "3": "rain"}}, "from 0 to 2"),
        ("config.json", {"time_stride": 16}, "pos_embed .* has shape"),
        ("preprocessor_config.json", {"sampling_rate": 44_100}, "sampling_rate 44100"),
        ("preprocessor_config.json", {"feature_extractor_type": "WhisperFeatureExtractor"}, "WhisperFeatureExtractor"),
        ("preprocessor_config.json", {"num_mel_bins": 80}, "num_mel_bins 80"),
        ("preprocessor_config.json", {"padding_value": -4.0}, "padding_value"),
        ("preprocessor_config.json", {"return_attention_mask": True}, "return_attention_mask"),
        ("preprocessor_config.json", {"std": 0}, "not positive"),
        ("preprocessor_config.json", {"std": math.inf}, "not positive and finite"),
        ("preprocessor_config.json", {"mean": math.nan}, "mean nan is not a number"),
        ("preprocessor_config.json", {"mean": "loud"}, "damaged"),
    ],
)
def test_what_we_cannot_do_is_refused(folder: Path, file: str, changes: dict, says: str) -> None:
    change_json(folder / file, **changes)
    with pytest.raises(UserError, match=says) as caught:
        load_checkpoint(folder)
    assert len(caught.value.remedy) > 15


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("model.safetensors", None, "neither model.safetensors nor pytorch_model.bin"),
        ("preprocessor_config.json", None, "no preprocessor_config.json"),
        ("preprocessor_config.json", b"{broken", "not valid JSON"),
        ("preprocessor_config.json", b"[1]", "JSON object"),
        ("config.json", b"{broken", "not valid JSON"),
        ("model.safetensors", b"", "empty"),
        ("model.safetensors", b"\x80\x02 whatever", "pickled PyTorch"),
    ],
)
def test_missing_and_broken_files_are_told(folder: Path, file: str, content: bytes | None, says: str) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(UserError, match=says):
        load_checkpoint(folder)


def test_cut_off_weights_are_told(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged or truncated"):
        load_checkpoint(folder)


def test_a_model_without_its_last_layer_is_told(folder: Path) -> None:
    make_model().audio_spectrogram_transformer.save_pretrained(folder)
    with pytest.raises(UserError, match="saved without labels"):
        load_checkpoint(folder)


def test_a_pickle_that_could_run_code_stays_shut(folder: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (folder / "ran",))

    (folder / "model.safetensors").unlink()
    torch.save({"weights": Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="could run code, so it was not opened"):
        load_checkpoint(folder)
    assert not (folder / "ran").exists()


def test_a_query_without_its_key_is_told(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if name.endswith("key.weight"))
    save_file({name: tensor for name, tensor in weights.items() if name != lost}, folder / "model.safetensors")
    with pytest.raises(UserError, match="incomplete"):
        load_checkpoint(folder)


def test_a_key_of_another_shape_than_its_query_is_told(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    flat = next(name for name in weights if name.endswith("key.weight"))
    save_file({**weights, flat: torch.zeros(32)}, folder / "model.safetensors")
    with pytest.raises(UserError, match="have different shapes"):
        load_checkpoint(folder)
