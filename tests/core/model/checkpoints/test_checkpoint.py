"""A checkpoint comes back as it was saved; anything else gets a message that says what it is."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import UserError
from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from fakes import tiny_checkpoint


@pytest.mark.parametrize("name", ["folder", "one.safetensors"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    saved = tiny_checkpoint(merge=MergeSchedule("listed", listed=(3, 1), reference_patches=512))
    save_checkpoint(saved, tmp_path / name, card="# card", dtype=torch.float32)
    loaded = load_checkpoint(tmp_path / name)
    assert loaded.config == saved.config
    assert loaded.weights.keys() == saved.weights.keys()
    assert all(torch.equal(loaded.weights[key], saved.weights[key]) for key in saved.weights)
    log_mel = torch.randn(1, 100, 128)
    assert torch.equal(loaded.build()(log_mel), saved.build()(log_mel))


def test_calibration_comes_back_and_older_checkpoints_have_none(tmp_path: Path) -> None:
    pairs = ((1.5, -0.25), (1.0, 0.0), (0.5, 2.0), (1.0, 1.0))
    save_checkpoint(tiny_checkpoint(calibration=pairs), tmp_path)
    assert load_checkpoint(tmp_path).config.calibration == pairs
    config = json.loads((tmp_path / "config.json").read_text())
    del config["calibration"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert load_checkpoint(tmp_path).config.calibration == ()


@pytest.mark.parametrize(
    ("pairs", "activation", "says"),
    [
        (((1.0, 0.0),), "sigmoid", "for each label"),
        (((1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0)), "sigmoid", "positive scale"),
        (((1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (1.0, float("nan"))), "sigmoid", "positive scale"),
        (((2.0, 0.0), (2.0, 0.0), (2.0, 0.0), (1.0, 0.0)), "softmax", "softmax"),
        (((2.0, 1.0),) * 4, "softmax", "softmax"),
    ],
)
def test_a_calibration_that_cannot_be_is_told(pairs: tuple, activation: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        tiny_checkpoint(calibration=pairs, activation=activation)


def test_half_precision_weights_are_used_as_float32(tmp_path: Path) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    assert all(tensor.dtype == torch.float16 for tensor in load_file(tmp_path / "m/model.safetensors").values())
    assert all(p.dtype == torch.float32 for p in load_checkpoint(tmp_path / "m").build().parameters())


def test_saving_again_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    for _ in range(2):
        save_checkpoint(tiny_checkpoint(), tmp_path / "m", card="# card")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["README.md", "config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pkl", pickle.dumps({"w": 1}, protocol=4), "Python pickle"),
        ("a.safetensors", b"", "empty"),
        ("a.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{broken", "damaged or truncated"),
        ("a.wav", b"RIFF....WAVE", "audio file"),
        ("a.txt", b"hello, I am text", "text file"),
        ("a.bin", bytes(range(8)) * 9, "unknown kind"),
    ],
)
def test_foreign_files_are_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=says) as caught:
        load_checkpoint(tmp_path / name)
    assert "Soundmark checkpoint" in caught.value.remedy


def test_a_pickled_model_is_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"weights": Bomb()}, tmp_path / "a.pth")
    with pytest.raises(UserError, match="could run code"):
        load_checkpoint(tmp_path / "a.pth")
    assert not (tmp_path / "ran").exists()


def test_a_pickle_that_torch_did_not_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps({"w": 1}, protocol=2))
    with pytest.raises(UserError, match=r"a.pth is a damaged"):
        load_checkpoint(tmp_path / "a.pth")


def test_a_foreign_hugging_face_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="Hugging Face model of the type wav2vec2"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_an_incomplete_folder_is_told(tmp_path: Path, missing: str) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    (tmp_path / "m" / missing).unlink()
    with pytest.raises(UserError, match=f"no {missing}"):
        load_checkpoint(tmp_path / "m")


def test_a_truncated_weights_file_is_told(tmp_path: Path) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UserError, match="damaged or truncated"):
        load_checkpoint(tmp_path / "m")


def test_weights_of_another_shape_or_name_are_told(tmp_path: Path) -> None:
    good = tiny_checkpoint()
    wrong_shape = dict(good.weights, cls_token=torch.zeros(1, 1, 25))
    save_checkpoint(Checkpoint(good.config, wrong_shape), tmp_path / "shape")
    with pytest.raises(UserError, match=r"cls_token .* shape \(1, 1, 25\), expected \(1, 1, 24\)"):
        load_checkpoint(tmp_path / "shape")
    wrong_name = {("stranger" if key == "cls_token" else key): tensor for key, tensor in good.weights.items()}
    save_checkpoint(Checkpoint(good.config, wrong_name), tmp_path / "name")
    with pytest.raises(UserError, match="1 missing"):
        load_checkpoint(tmp_path / "name")


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    good = tiny_checkpoint()
    bad = dict(good.weights, cls_token=torch.full((1, 1, 24), torch.nan))
    with pytest.raises(UserError, match=r"cls_token .*float16"):
        save_checkpoint(Checkpoint(good.config, bad), tmp_path / "m")
    assert not (tmp_path / "m").exists()
    save_file(bad, tmp_path / "m.safetensors", metadata={"config": good.config.to_json()})
    with pytest.raises(UserError, match=r"cls_token .*not finite"):
        load_checkpoint(tmp_path / "m.safetensors")


def test_weights_of_another_training_are_noticed(tmp_path: Path) -> None:
    for seed in (0, 1):
        checkpoint = tiny_checkpoint()
        checkpoint.weights["cls_token"] += seed
        save_checkpoint(checkpoint, tmp_path / str(seed))
    (tmp_path / "0/model.safetensors").write_bytes((tmp_path / "1/model.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"model.safetensors and config.json"):
        load_checkpoint(tmp_path / "0")


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("model", {"num_heads": 0}),
        ("model", {"embed_dim": -24}),
        ("model", {"stride_frames": 1.5}),
        ("model", {"mlp_ratio": -1}),
        ("model", {"mlp_ratio": 0.01}),
        ("merge", {"r": 1.5}),
        ("log_mel", {"std": 0}),
    ],
)
def test_impossible_configs_are_told(tmp_path: Path, part: str, change: dict) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config[part].update(change)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError):
        load_checkpoint(tmp_path)


def test_a_file_with_a_false_zip_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"junk" * 20 + b"PK\x05\x06" + bytes(range(1, 19)))
    with pytest.raises(UserError):
        load_checkpoint(tmp_path / "a.pth")


def test_a_newer_format_asks_for_an_update(tmp_path: Path) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"format_version": 2}))
    with pytest.raises(UserError, match="version 2") as caught:
        load_checkpoint(tmp_path / "m")
    assert caught.value.remedy == "Update Soundmark."


@pytest.mark.parametrize("key", ["model", "labels", "thresholds", "log_mel", "merge"])
def test_a_damaged_config_is_told(tmp_path: Path, key: str) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k != key}))
    with pytest.raises(UserError, match=f"has no entry '{key}'"):
        load_checkpoint(tmp_path / "m")


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model at"):
        load_checkpoint(tmp_path / "nowhere")


def test_labels_and_thresholds_must_fit() -> None:
    config = tiny_checkpoint().config
    with pytest.raises(UserError, match="4 outputs, 4 labels, 1 thresholds"):
        dataclasses.replace(config, thresholds=(0.5,))
