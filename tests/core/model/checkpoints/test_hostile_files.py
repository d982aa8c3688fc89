"""Configs and weights that were made, or damaged, so as to fill the memory: refused in words, before any is taken."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import Label, LabelSet
from core.model.architecture import ConvolutionConfig, HybridConfig, TransformerConfig
from core.model.checkpoints import tensor_files
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.checkpoints.hugging_face_import import shown_names
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.store.folder import kept_models
from fakes import tiny_checkpoint

HUGE = 10**12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole checkpoint, for a test to break."""
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.mark.parametrize(
    ("part", "key", "value", "says"),
    [
        ("log_mel", "sample_rate", 10**9, "sample_rate is 1000000000"),
        ("log_mel", "sample_rate", HUGE, "sample_rate is 1000000000000"),
        ("log_mel", "sample_rate", 16_000.5, "whole number"),
        ("log_mel", "n_mels", HUGE, "n_mels"),
        ("log_mel", "std", 1e-300, "deviation"),
        ("log_mel", "mean", 1e300, "mean"),
        ("model", "n_labels", HUGE, "n_labels"),
        ("model", "max_frames", HUGE, "max_frames"),
        ("model", "embed_dim", HUGE, "embed_dim"),
        ("model", "depth", HUGE, "depth"),
        ("model", "depth", True, "depth is True"),
        ("model", "mlp_ratio", 1e300, "mlp_ratio"),
        ("model", "mlp_ratio", float("inf"), "mlp_ratio"),
        ("model", "hybrid", {"n_conformers": HUGE}, "n_conformers"),
        ("model", "hybrid", {"n_conformers": 1, "width": HUGE}, "width"),
        ("model", "hybrid", {"n_conformers": 1, "kernel": HUGE + 1}, "kernel"),
        ("merge", "r", HUGE, "merge schedule"),
        ("merge", "listed", [1] * 1000, "merge schedule"),
        ("merge", "reference_patches", 10**4000, "more than 19 digits"),
    ],
)
def test_numbers_out_of_bounds_are_told(folder: Path, part: str, key: str, value: object, says: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    config[part][key] = value
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=says):
        load_checkpoint(folder)


def test_every_number_of_an_architecture_has_a_bound() -> None:
    """A field that is added without one fails here."""
    whole: dict[type[Any], dict[str, Any]] = {
        TransformerConfig: {"n_labels": 2},
        ConvolutionConfig: {"n_labels": 2},
        HybridConfig: {},
        LogMelConfig: {},
        MergeSchedule: {},
    }
    for kind, needed in whole.items():
        for name in kind.__slots__:
            value = getattr(kind(**needed), name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                for wrong in (10**30, float("inf"), float("nan")):
                    with pytest.raises(UserError):
                        kind(**{**needed, name: wrong})


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"data": "none"', '"data": ' + "[" * 100_000 + "]" * 100_000),
        lambda text: text.replace('"data": "none"', '"data": ' + "[" * 300 + "]" * 300),
        lambda text: text.replace('"max_frames": 1024', '"max_frames": ' + "9" * 10_000),
    ],
)
def test_json_that_python_cannot_take_is_told(folder: Path, damage: Callable[[str], str]) -> None:
    config = folder / "config.json"
    text = config.read_text()
    damaged = damage(text)
    assert damaged != text
    config.write_text(damaged)
    with pytest.raises(UserError, match="not valid JSON"):
        load_checkpoint(folder)
    assert kept_models(folder.parent) == ()


@pytest.mark.slow
def test_many_equal_labels_are_told_at_once() -> None:
    """Each label is compared with a few others, not with all: a square would be ten thousand million."""
    labels = tuple(Label(i, "same", "Same") for i in range(100_000))
    with pytest.raises(UserError, match="occur twice: same"):
        LabelSet(labels)
    alike = LabelSet(tuple(Label(i, str(i), "Same") for i in range(50_000)))
    assert shown_names(alike)[:2] == ["0", "1"]
    with pytest.raises(UserError, match="number of labels is 100001"):
        LabelSet.from_ids([str(i) for i in range(100_001)])


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(UserError, match="threshold"):
        tiny_checkpoint(thresholds=(0.5, 0.5, 0.5, threshold))


def packed(path: Path, weights: dict[str, torch.Tensor]) -> Path:
    """What torch.save writes, every part deflated."""
    plain = path.with_suffix(".plain")
    torch.save(weights, plain)
    with zipfile.ZipFile(plain) as stored, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as deflated:
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))
    return path


def test_a_file_that_unpacks_to_many_times_its_size_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = packed(tmp_path / "bomb.pth", {"v.cls_token": torch.zeros(2_000_000)})
    assert bomb.stat().st_size < 100_000

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    with monkeypatch.context() as patch:
        patch.setattr(tensor_files.torch, "load", refuse)
        with pytest.raises(UserError, match="would take 8 MB of memory"):
            load_checkpoint(bomb)
    weights = {"v.cls_token": torch.randn(100_000)}
    again = tensor_files.read_pickled(packed(tmp_path / "packed.pth", weights), "")
    assert torch.equal(again["v.cls_token"], weights["v.cls_token"]), "weights that somebody packed are welcome"


def test_a_tensor_that_shows_one_number_many_times_is_not_taken(tmp_path: Path) -> None:
    torch.save({"v.cls_token": torch.zeros(1).expand(100_000, 100_000)}, tmp_path / "a.pth")
    with pytest.raises(UserError, match="would take 40000 MB"):
        load_checkpoint(tmp_path / "a.pth")


def test_a_damaged_zip_directory_is_told(tmp_path: Path) -> None:
    torch.save({"v.cls_token": torch.zeros(1000)}, tmp_path / "a.pth")
    content = bytearray((tmp_path / "a.pth").read_bytes())
    for place in range(len(content) - 400, len(content)):
        broken = content.copy()
        broken[place] ^= 0xFF
        (tmp_path / "a.pth").write_bytes(broken)
        with pytest.raises(UserError):
            load_checkpoint(tmp_path / "a.pth")
