"""The Soundmark checkpoint format: weights, and everything needed to use them.

It has two forms with the same content: a folder with `model.safetensors`, `config.json` and `README.md` (the model
card), or one `.safetensors` file with the config in its header. Reading one never runs code from a file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import save

from core.atomic_write import atomic_write
from core.audio.log_mel import LogMelConfig
from core.bounds import check_number
from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig, model_config
from core.model.checkpoints.file_kind import describe_foreign, read_safetensors
from core.model.checkpoints.probabilities import ACTIVATIONS, Calibration
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import Network, build_network

FORMAT, FORMAT_VERSION = "soundmark-checkpoint", 1
WEIGHTS_NAME, CONFIG_NAME, CARD_NAME = "model.safetensors", "config.json", "README.md"
EXPECTED = (
    "Choose a Soundmark checkpoint (a folder with config.json and model.safetensors, or one .safetensors file), a "
    "Hugging Face AST folder, or a .pth file of AST's authors."
)


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """Everything in a checkpoint except its weights."""

    name: str
    """What people call the model."""
    variant: str
    """The row of MODEL_VARIANTS it was made from."""
    model: ModelConfig
    """The architecture."""
    log_mel: LogMelConfig
    """The front end it was trained with."""
    labels: LabelSet
    """In the order of the outputs."""
    thresholds: tuple[float, ...]
    """Per label, the probability from which it counts as detected."""
    merge: MergeSchedule = NO_MERGING
    """The default schedule."""
    pad_to_window: bool = False
    """Whether short input is padded with zero frames to the window, as published AST checkpoints expect; ours see it at
    its true length."""
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    """From logits to probabilities: "sigmoid" for independent labels, "softmax" for one label per clip."""
    calibration: Calibration = ()
    """Applied to the logits before the activation; with softmax one scale for all labels and no offsets."""
    live: dict[str, Any] = field(default_factory=dict[str, Any])
    """How it is read live, as the fields of `core.inference.live_view.LiveView`; empty for what suits its kind."""
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])
    """Data, licence, recipe, commit, metrics: whatever the training run recorded."""

    def __post_init__(self) -> None:
        n_labels = self.model.n_labels
        if len(self.labels) != n_labels or len(self.thresholds) != n_labels:
            raise UserError(
                f"The checkpoint has {n_labels} outputs, {len(self.labels)} labels, {len(self.thresholds)} thresholds.",
                "Its config.json is damaged. Copy or download the checkpoint again.",
            )
        if self.activation not in ACTIVATIONS:
            raise UserError(f"Unknown activation {self.activation!r}.", f"Use {' or '.join(ACTIVATIONS)}.")
        for threshold in self.thresholds:
            check_number("A threshold", threshold, 0.0, 1.0)
        self._check_calibration()
        if self.model.n_mels != self.log_mel.n_mels:
            raise UserError(
                f"The model expects {self.model.n_mels} mel bins, but the front end makes {self.log_mel.n_mels}.",
                "Its config.json is damaged. Copy or download the checkpoint again.",
            )

    def _check_calibration(self) -> None:
        pairs = self.calibration
        is_whole = len(pairs) in (0, len(self.labels)) and all(len(pair) == 2 for pair in pairs)
        if not is_whole or not all(1e-6 <= scale <= 1e6 and abs(offset) <= 1e6 for scale, offset in pairs):
            raise UserError(
                "The checkpoint's calibration must be a positive scale and an offset for each label.",
                "Its config.json is damaged. Copy or download the checkpoint again.",
            )
        if pairs and self.activation == "softmax" and set(pairs) != {(pairs[0][0], 0.0)}:
            raise UserError(
                "The checkpoint calibrates mutually exclusive labels (softmax) one by one.",
                "Give all labels the same scale, and no offset.",
            )

    def to_json(self) -> str:
        """The text of config.json."""
        return json.dumps(
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "name": self.name,
                "variant": self.variant,
                "model": asdict(self.model),
                "log_mel": asdict(self.log_mel),
                "merge": asdict(self.merge),
                "pad_to_window": self.pad_to_window,
                "activation": self.activation,
                "labels": self.labels.to_dicts(),
                "thresholds": list(self.thresholds),
                "calibration": [list(pair) for pair in self.calibration],
                **({"live": self.live} if self.live else {}),
                "provenance": self.provenance,
            },
            indent=1,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str, where: Path) -> CheckpointConfig:
        """Parse the text of config.json. Raises UserError if it is not a complete Soundmark config."""
        try:
            parsed = parse_json(text)
        except ValueError as error:
            raise UserError(f"{where.name} is not valid JSON ({error}).", EXPECTED) from error
        raw = as_object(parsed)
        if raw is None or raw.get("format") != FORMAT:
            raise UserError(describe_foreign(where, parsed), EXPECTED)
        if raw.get("format_version") != FORMAT_VERSION:
            raise UserError(
                f"{where.name} is a checkpoint of format version {raw.get('format_version')}; "
                f"this Soundmark reads version {FORMAT_VERSION}.",
                "Update Soundmark.",
            )
        try:
            return cls(
                name=str(raw["name"]),
                variant=str(raw["variant"]),
                model=model_config(raw["model"]),
                log_mel=LogMelConfig(**raw["log_mel"]),
                labels=LabelSet.from_dicts(raw["labels"]),
                thresholds=tuple(map(float, raw["thresholds"])),
                merge=MergeSchedule.from_dict(raw["merge"]),
                pad_to_window=bool(raw["pad_to_window"]),
                activation=raw["activation"],
                # Checkpoints written before there was calibration have none, nor do all say how they are read live.
                live=dict(raw.get("live", {})),
                calibration=tuple((float(scale), float(offset)) for scale, offset in raw.get("calibration", ())),
                provenance=dict(raw["provenance"]),
            )
        except KeyError as error:
            raise UserError(f"{where.name} has no entry {error}.", "Copy or download the checkpoint again.") from error
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UserError(f"{where.name} is damaged ({error}).", "Copy or download the checkpoint again.") from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A config and the weights that go with it."""

    config: CheckpointConfig
    weights: dict[str, torch.Tensor]

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
    own = _read_folder(path) if path.is_dir() else _read_file(path)
    if own is not None:
        check_weights(own.config, own.weights, path)
    return own


def _read_folder(path: Path) -> Checkpoint | None:
    """The Soundmark checkpoint in a folder; None where transformers wrote it."""
    config_path, weights_path = path / CONFIG_NAME, path / WEIGHTS_NAME
    if not config_path.is_file():
        raise UserError(f"The folder {path.name} has no {CONFIG_NAME}.", EXPECTED)
    text = config_path.read_text(encoding="utf-8")
    if _is_from_transformers(text):
        return None
    if not weights_path.is_file():
        raise UserError(f"The folder {path.name} has no {WEIGHTS_NAME}.", EXPECTED)
    config = CheckpointConfig.from_json(text, config_path)
    weights, _ = _read_weights(weights_path)
    if hashlib.sha256(weights_path.read_bytes()).hexdigest() != parse_json(text).get("weights_sha256"):
        problem = f"{WEIGHTS_NAME} and {CONFIG_NAME} in {path.name} are from different checkpoints."
        raise UserError(problem, "Copy or download the checkpoint again.")
    return Checkpoint(config, weights)


def _read_file(path: Path) -> Checkpoint | None:
    """The Soundmark checkpoint in one file; None where another program wrote it."""
    if path.suffix != ".safetensors":
        return None
    weights, metadata = _read_weights(path)
    if "config" not in metadata:
        return None
    return Checkpoint(CheckpointConfig.from_json(metadata["config"], path), weights)


def _is_from_transformers(text: str) -> bool:
    try:
        raw = as_object(parse_json(text))
    except ValueError:
        return False
    return raw is not None and raw.get("format") != FORMAT and "model_type" in raw


def _read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        return read_safetensors(path)
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
