"""Everything in a checkpoint of ours except its weights, and the text of its config.json. Imports no torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.audio.log_mel import LogMelConfig
from core.bounds import check_number
from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.labels import LabelSet
from core.model.architecture import ModelConfig, model_config
from core.model.format.file_kind import describe_foreign
from core.model.format.probabilities import ACTIVATIONS, Calibration
from core.model.merging.schedule import NO_MERGING, MergeSchedule

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
