"""Soundmark's checkpoint: weights with all that is needed to use them. Knows no audio device and no training.

Two forms, the same content: a folder with `model.safetensors`, `config.json` and `README.md` (the model
card), or one `.safetensors` file that carries the config in its header. Loading never runs code from a file.
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
from core.foreign_text import parse_json
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig, model_config
from core.model.checkpoints.file_kind import describe_foreign, read_safetensors
from core.model.checkpoints.probabilities import ACTIVATIONS, Calibration
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network, build_network

FORMAT, FORMAT_VERSION = "soundmark-checkpoint", 1
WEIGHTS_NAME, CONFIG_NAME, CARD_NAME = "model.safetensors", "config.json", "README.md"
EXPECTED = (
    "Choose a Soundmark checkpoint (a folder with config.json and model.safetensors, or one .safetensors file), a "
    "Hugging Face AST folder, or a .pth file of AST's authors."
)


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """All of a checkpoint but its weights.

    name: what people call the model. variant: the row of MODEL_VARIANTS it was made from.
    thresholds: per label, the probability from which it counts as heard.
    merge: the schedule to use unless told otherwise. pad_to_window: published AST checkpoints want short input
    padded with zeros to the window; ours see it at its true length.
    activation: from logits to probabilities: "sigmoid" for labels of their own, "softmax" for one label a clip.
    calibration: applied to the logits before it; with softmax one scale for all labels and no offsets.
    provenance: data, licence, recipe, commit, metrics: whatever the training run recorded.
    """

    name: str
    variant: str
    model: ModelConfig
    log_mel: LogMelConfig
    labels: LabelSet
    thresholds: tuple[float, ...]
    merge: MergeSchedule = field(default_factory=MergeSchedule)
    pad_to_window: bool = False
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    calibration: Calibration = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_labels = self.model.n_labels
        if len(self.labels) != n_labels or len(self.thresholds) != n_labels:
            raise UserError(
                f"The checkpoint has {n_labels} outputs, {len(self.labels)} labels, {len(self.thresholds)} thresholds.",
                "Its config.json is damaged: get the checkpoint anew.",
            )
        if self.activation not in ACTIVATIONS:
            raise UserError(f"The activation {self.activation!r} is not known.", f"Use {' or '.join(ACTIVATIONS)}.")
        for threshold in self.thresholds:
            check_number("A threshold", threshold, 0.0, 1.0)
        self._refuse_wrong_calibration()
        if self.model.n_mels != self.log_mel.n_mels:
            raise UserError(
                f"The model wants {self.model.n_mels} mel bins, the front end makes {self.log_mel.n_mels}.",
                "Its config.json is damaged: get the checkpoint anew.",
            )

    def _refuse_wrong_calibration(self) -> None:
        pairs = self.calibration
        is_whole = len(pairs) in (0, len(self.labels)) and all(len(pair) == 2 for pair in pairs)
        if not is_whole or not all(1e-6 <= scale <= 1e6 and abs(offset) <= 1e6 for scale, offset in pairs):
            raise UserError(
                "The checkpoint's calibration is no scale above 0 and offset for each label.",
                "Its config.json is damaged: get the checkpoint anew.",
            )
        if pairs and self.activation == "softmax" and set(pairs) != {(pairs[0][0], 0.0)}:
            raise UserError(
                "The checkpoint calibrates labels that exclude each other (softmax) one by one.",
                "Give all of them the same scale, and no offset.",
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
                "provenance": self.provenance,
            },
            indent=1,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str, where: Path) -> CheckpointConfig:
        """Read config.json's text. Raises UserError for what is not ours or not whole."""
        try:
            raw = parse_json(text)
        except ValueError as error:
            raise UserError(f"{where.name} is not valid JSON ({error}).", EXPECTED) from error
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise UserError(describe_foreign(where, raw), EXPECTED)
        if raw.get("format_version") != FORMAT_VERSION:
            raise UserError(
                f"{where.name} is a checkpoint of format version {raw.get('format_version')}; "
                f"this Soundmark reads version {FORMAT_VERSION}.",
                "Update Soundmark.",
            )
        try:
            merge = {**raw["merge"], "listed": tuple(raw["merge"].get("listed", ()))}
            return cls(
                name=str(raw["name"]),
                variant=str(raw["variant"]),
                model=model_config(raw["model"]),
                log_mel=LogMelConfig(**raw["log_mel"]),
                labels=LabelSet.from_dicts(raw["labels"]),
                thresholds=tuple(float(one) for one in raw["thresholds"]),
                merge=MergeSchedule(**merge),
                pad_to_window=bool(raw["pad_to_window"]),
                activation=raw["activation"],
                # Checkpoints of before calibration have none.
                calibration=tuple((float(scale), float(offset)) for scale, offset in raw.get("calibration", ())),
                provenance=dict(raw["provenance"]),
            )
        except KeyError as error:
            raise UserError(f"{where.name} has no entry {error}.", "Get the checkpoint anew.") from error
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UserError(f"{where.name} is damaged ({error}).", "Get the checkpoint anew.") from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A config and weights that fit it."""

    config: CheckpointConfig
    weights: dict[str, torch.Tensor]

    def build(self) -> Network:
        """The model with these weights, float32, in evaluation mode."""
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

    What stands at `path` is replaced only once the new files are whole; weights beside a config of other weights (a
    crash between the two) are noticed when they are loaded.
    """
    weights = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in checkpoint.weights.items()
    }
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(f"{name} holds values that {dtype} cannot.", "Train with a lower rate, or store float32.")
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
    """Our checkpoint in a folder; None where transformers wrote it."""
    config_path, weights_path = path / CONFIG_NAME, path / WEIGHTS_NAME
    if not config_path.is_file():
        raise UserError(f"The folder {path.name} has no {CONFIG_NAME}.", EXPECTED)
    text = config_path.read_text(encoding="utf-8")
    if _is_of_transformers(text):
        return None
    if not weights_path.is_file():
        raise UserError(f"The folder {path.name} has no {WEIGHTS_NAME}.", EXPECTED)
    config = CheckpointConfig.from_json(text, config_path)
    weights, _ = _read_weights(weights_path)
    if hashlib.sha256(weights_path.read_bytes()).hexdigest() != parse_json(text).get("weights_sha256"):
        problem = f"{WEIGHTS_NAME} and {CONFIG_NAME} in {path.name} do not belong together."
        raise UserError(problem, "Get the checkpoint anew.")
    return Checkpoint(config, weights)


def _read_file(path: Path) -> Checkpoint | None:
    """Our checkpoint in one file; None where it is another's."""
    if path.suffix != ".safetensors":
        return None
    weights, metadata = _read_weights(path)
    if "config" not in metadata:
        return None
    return Checkpoint(CheckpointConfig.from_json(metadata["config"], path), weights)


def _is_of_transformers(text: str) -> bool:
    try:
        raw = parse_json(text)
    except ValueError:
        return False
    return isinstance(raw, dict) and raw.get("format") != FORMAT and "model_type" in raw


def _read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        return read_safetensors(path)
    except (SafetensorError, OSError) as error:
        raise UserError(describe_foreign(path, None), f"{EXPECTED} ({error})") from error


def check_weights(config: CheckpointConfig, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Every parameter there, of its shape and kind, finite; nothing beside them."""
    n_layers = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    if isinstance(config.model, TransformerConfig) and config.model.depth != n_layers:  # before they are built
        problem = f"{path.name} has weights of {n_layers} layers, and its config describes {config.model.depth}."
        raise UserError(problem, "Get the checkpoint anew.")
    try:
        with torch.device("meta"):
            expected = build_network(config.model).state_dict()
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path.name} describes no model that can be built.", "Get the checkpoint anew.") from error
    missing, foreign = sorted(expected.keys() - weights.keys()), sorted(weights.keys() - expected.keys())
    if missing or foreign:
        raise UserError(
            f"The weights of {path.name} do not belong to its config: "
            f"{len(missing)} missing ({', '.join(missing[:3])}), {len(foreign)} unknown ({', '.join(foreign[:3])}).",
            "Get the checkpoint anew.",
        )
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape:
            raise UserError(
                f"{name} in {path.name} has shape {tuple(tensor.shape)}, expected {tuple(expected[name].shape)}.",
                "Get the checkpoint anew.",
            )
        if tensor.is_floating_point() != expected[name].is_floating_point():
            raise UserError(f"{name} in {path.name} is stored as {tensor.dtype}.", "Get the checkpoint anew.")
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(f"{name} in {path.name} holds values that are not numbers.", "Train or get the model anew.")
