"""The Soundmark checkpoint format: weights, and everything needed to use them.

It has two forms with the same content: a folder with `model.safetensors`, `config.json` and `README.md` (the model
card), or one `.safetensors` file with the config in its header. Reading one never runs code from a file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import save

from core.atomic_write import atomic_write
from core.errors import UserError
from core.model.architecture import TransformerConfig
from core.model.checkpoints.tensor_files import read_safetensors
from core.model.format.config import CARD_NAME, CONFIG_NAME, EXPECTED, WEIGHTS_NAME, CheckpointConfig
from core.model.format.file_kind import describe_foreign
from core.model.format.stored_files import find_stored
from core.model.format.weights_file import hash_of_weights
from core.model.networks.build import Network, build_network


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A config and the weights that go with it."""

    config: CheckpointConfig
    weights: dict[str, torch.Tensor]

    def load(self) -> Checkpoint:
        """Itself: its weights are in memory already. See `core.model.store.stored_model`."""
        return self

    def build(self) -> Network:
        """Build the model with these weights, float32, in evaluation mode."""
        model = build_network(self.config.model)
        model.load_state_dict(
            {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in self.weights.items()}
        )
        return model.eval()

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """Float32 `(labels,)`."""
        return np.asarray(self.config.thresholds, np.float32)

    @property
    def weights_hash(self) -> str:
        """Of weights and settings, 16 hexadecimal digits. Takes up to a second for a large model."""
        return hash_of_weights(
            self.config, ((name, (_bytes_of(tensor),)) for name, tensor in sorted(self.weights.items()))
        )


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    """As bytes, for NumPy knows no bfloat16. At least one dimension, which a single number lacks."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def save_checkpoint(checkpoint: Checkpoint, path: Path, *, card: str = "", dtype: torch.dtype = torch.float16) -> None:
    """Write a folder, or one file where `path` ends in .safetensors. Floating weights are stored as `dtype`.

    Existing files at `path` are replaced only once the new ones are complete. A crash between weights and config leaves
    files of two checkpoints, which the checksum detects when they are loaded.
    """
    weights = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in checkpoint.weights.items()
    }
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(
                f"{name} has values that {dtype} cannot hold.", "Train with a lower learning rate, or store float32."
            )
    text = checkpoint.config.to_json()
    if path.suffix == ".safetensors":
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, save(weights, metadata={"config": text}))
        return
    path.mkdir(parents=True, exist_ok=True)
    content = save(weights)
    described = {**json.loads(text), "weights_sha256": hashlib.sha256(content).hexdigest()}
    atomic_write(path / WEIGHTS_NAME, content)
    atomic_write(path / CONFIG_NAME, (json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode())
    if card:
        atomic_write(path / CARD_NAME, card.encode())


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The Soundmark checkpoint in a folder or in a file; None where another program wrote it.

    Raises UserError for one that is damaged, OSError and UnicodeDecodeError.
    """
    stored = find_stored(path)
    if stored is None:
        return None
    weights = _read_weights(stored.weights)
    stored.check_sum()
    check_weights(stored.config, weights, path)
    return Checkpoint(stored.config, weights)


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        return read_safetensors(path)[0]
    except (SafetensorError, OSError) as error:
        raise UserError(describe_foreign(path, None), f"{EXPECTED} ({error})") from error


def check_weights(config: CheckpointConfig, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Raises UserError unless there is every parameter in its shape and kind, finite, and nothing else."""
    n_layers = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    if isinstance(config.model, TransformerConfig) and config.model.depth != n_layers:  # before building
        problem = f"{path.name} has weights of {n_layers} layers, but its config describes {config.model.depth}."
        raise UserError(problem, "Copy or download the checkpoint again.")
    try:
        with torch.device("meta"):
            expected = build_network(config.model).state_dict()
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"{path.name} describes a model that cannot be built.", "Copy or download the checkpoint again."
        ) from error
    missing, unknown = sorted(expected.keys() - weights.keys()), sorted(weights.keys() - expected.keys())
    if missing or unknown:
        raise UserError(
            f"The weights of {path.name} do not match its config: "
            f"{len(missing)} missing ({', '.join(missing[:3])}), {len(unknown)} unknown ({', '.join(unknown[:3])}).",
            "Copy or download the checkpoint again.",
        )
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape:
            raise UserError(
                f"{name} in {path.name} has shape {tuple(tensor.shape)}, expected {tuple(expected[name].shape)}.",
                "Copy or download the checkpoint again.",
            )
        if tensor.is_floating_point() != expected[name].is_floating_point():
            raise UserError(
                f"{name} in {path.name} is stored as {tensor.dtype}.", "Copy or download the checkpoint again."
            )
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(
                f"{name} in {path.name} has values that are not finite.",
                "Download the checkpoint or train the model again.",
            )
