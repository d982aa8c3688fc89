"""The bytes of weights on disk have the hash of the weights in memory; a damaged file is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.model.checkpoints.checkpoint import Checkpoint, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.format.weights_file import hash_of_file, read_header
from fakes import tiny_checkpoint


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ["model", "model.safetensors"])
def test_a_file_has_the_hash_of_its_weights(tmp_path: Path, dtype: torch.dtype, name: str) -> None:
    save_checkpoint(tiny_checkpoint(), tmp_path / name, dtype=dtype)
    file = tmp_path / name / "model.safetensors" if name == "model" else tmp_path / name
    checkpoint = load_checkpoint(tmp_path / name)
    assert hash_of_file(checkpoint.config, file) == checkpoint.weights_hash


def test_other_weights_and_other_settings_have_another_hash() -> None:
    one = tiny_checkpoint()
    weights = {name: tensor.clone() for name, tensor in one.weights.items()}
    next(tensor for tensor in weights.values() if tensor.is_floating_point()).view(-1)[0] += 1
    halves = {name: tensor.to(torch.bfloat16) for name, tensor in one.weights.items()}
    others = [
        replace(one, weights=weights),
        replace(one, weights=halves),
        Checkpoint(replace(one.config, activation="softmax"), one.weights),
    ]
    assert len({one.weights_hash, *(other.weights_hash for other in others)}) == 4
    assert replace(one, config=replace(one.config, name="Other")).weights_hash == one.weights_hash


def test_single_numbers_and_empty_tensors_have_places(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"one": torch.tensor(1.0), "none": torch.zeros(0), "two": torch.ones(2)}, path, {"config": "text"})
    places, metadata = read_header(path)
    assert {name: end - begin for name, (begin, end) in places.items()} == {"one": 4, "none": 0, "two": 8}
    assert metadata == {"config": "text"}


def header(text: str, length: int | None = None) -> bytes:
    return (len(text) if length is None else length).to_bytes(8, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        header("{}", 1 << 40),
        header("{}", 30),
        header("[]"),
        header("{"),
        header(json.dumps({"a": {"dtype": "F32"}})),
        header(json.dumps({"a": 3})),
        header(json.dumps({"a": {"data_offsets": [0, 4]}})),
        header(json.dumps({"a": {"data_offsets": [2, 1]}})) + bytes(4),
        header(json.dumps({"a": {"data_offsets": [-9, 1]}})) + bytes(4),
        header(json.dumps({"a": {"data_offsets": [0, 1, 2]}})) + bytes(4),
        header(json.dumps({"a": {"data_offsets": ["x", "y"]}})) + bytes(4),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        read_header(path)
